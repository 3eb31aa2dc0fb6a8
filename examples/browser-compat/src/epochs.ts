/** The epoch of a release: one record that puts all claims of the release before out of force. */
import type { EpochContent, RecordId } from '@stemedb/model';
import type { Voice } from './agents.js';
import { demoKey } from './keys.js';
import { type SignedRecord, type SignRecord, signed } from './records.js';

/** Of the same author as the epoch that it supersedes, as governance `owner` demands. */
export function makeEpoch(
  voices: readonly Voice[],
  supersedes: RecordId | undefined,
  sign: SignRecord,
): SignedRecord<EpochContent> {
  const key = demoKey('curator');
  const newestMs = Math.max(...voices.map(({ releasedMs }) => releasedMs));
  const content: EpochContent = {
    kind: 'epoch',
    v: 1,
    agent_id: key.agentId,
    asserted_at: newestMs,
    name: `browser support, ${new Date(newestMs).toISOString().slice(0, 7)}`,
    description: voices.map(({ source }) => source.content.title).join('; '),
    ...(supersedes === undefined ? {} : { supersedes: [supersedes] }),
  };
  return signed(content, key, sign);
}
