// Claims whose canonical form takes so many bytes, as a plan for a machine counts them.

import { canonicalBytes } from '../packages/model/dist/src/index.js';
import { predicate, timeMs } from './work.mjs';

/** Any author: the id of an agent is as long as every other one. */
const anybody = '0'.repeat(64);
const filling = 'The cluster keeps two copies of every claim. '.repeat(400);

/** The claim with this number about this concept, in so many bytes of canonical form. */
export function claimOfSize(concept_path, number, bytes, value = number) {
  const claim = { concept_path, predicate, asserted_at: timeMs + number };
  const start = `${value}: `;
  const named = { ...claim, agent_id: anybody, kind: 'assertion', v: 1, value: start };
  const missing = bytes - canonicalBytes(named).length;
  if (missing < 0) throw new Error(`a claim does not fit into ${bytes} bytes`);
  return { ...claim, value: start + filling.slice(0, missing) };
}
