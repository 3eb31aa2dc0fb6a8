/**
 * A correction by somebody else than the author: under governance `owner` only a steward whom the
 * policy names may do it, and by default it names nobody.
 */
import type { AgentId, HlcStamp, RecordId, SupersessionContent } from '@stemedb/model';
import { figure, say } from './format.js';
import { demoKey } from './keys.js';
import type { Forbidden, Recorded } from './ports.js';
import { askAt, askEach, askOne, readExplanation } from './questions.js';
import { type SignedSupersession, signed } from './records.js';
import { type Stage, sourceNamed, statedAt } from './stage.js';
import { justBefore } from './stamps.js';

/** The configuration whose policy names the demo's steward. */
export const stewardConfig = 'examples/browser-compat/stemedb.toml';

/** An echo that has fallen behind: web-features repeats what MDN no longer says. */
interface StaleEcho {
  readonly path: string;
  /** The claims of both, with their values. */
  readonly stale: RecordId;
  readonly staleValue: unknown;
  readonly fresh: RecordId;
  readonly freshValue: unknown;
}

export type CorrectionReport =
  | { readonly outcome: 'nothing to correct' }
  | ({
      readonly steward: AgentId;
      readonly path: string;
      readonly target: RecordId;
      readonly replacement: RecordId;
    } & (
      | { readonly outcome: 'forbidden'; readonly rule: string }
      | {
          readonly outcome: 'corrected';
          readonly correction: RecordId;
          /** The last moment before it, and the moments of it and of its being taken back. */
          readonly before: HlcStamp;
          readonly corrected: HlcStamp;
          readonly restored: HlcStamp;
        }
    ));

/** The first duel in which web-features contradicts the MDN from which it is computed. */
async function findStaleEcho(
  { client, complete, releases }: Stage,
  duels: readonly string[],
): Promise<StaleEcho | undefined> {
  const asker = askAt(client, complete);
  const { sources } = releases.newer;
  const agentOf = (name: 'mdn' | 'web-features'): AgentId =>
    sourceNamed(sources, name).content.agent_id;
  for (const path of duels) {
    const [result] = await askOne(asker, path, 'consensus', { explain: true });
    const { claims } = readExplanation(result?.explain);
    const stale = claims.find(({ agentId }) => agentId === agentOf('web-features'))?.id;
    const fresh = claims.find(({ agentId }) => agentId === agentOf('mdn'))?.id;
    if (stale === undefined || fresh === undefined) continue;
    const { mdn, 'web-features': echoed } = await askEach(asker, sources, path);
    return { path, stale, staleValue: echoed, fresh, freshValue: mdn };
  }
  return undefined;
}

function replacement(stage: Stage, { stale, fresh }: StaleEcho): SignedSupersession {
  const key = demoKey('steward');
  const content: SupersessionContent = {
    kind: 'supersession',
    v: 1,
    agent_id: key.agentId,
    asserted_at: statedAt(stage, 'correction'),
    target: stale,
    action: 'replace',
    replacement: fresh,
    reason: 'Computed from an earlier release of MDN, which says something else by now.',
  };
  return signed(content, key, stage.sign);
}

function restoration(stage: Stage, target: RecordId): SignedSupersession {
  const key = demoKey('steward');
  const content: SupersessionContent = {
    kind: 'supersession',
    v: 1,
    agent_id: key.agentId,
    asserted_at: statedAt(stage, 'uncorrection'),
    target,
    action: 'restore',
    reason: 'The demonstration is over: the claim stands.',
  };
  return signed(content, key, stage.sign);
}

export async function showCorrection(
  stage: Stage,
  duels: readonly string[],
): Promise<CorrectionReport> {
  const { client, output } = stage;
  await output.section('A correction by a steward');
  const echo = await findStaleEcho(stage, duels);
  if (echo === undefined) {
    await output.line('web-features contradicts MDN nowhere, so there is nothing to correct.');
    return { outcome: 'nothing to correct' };
  }
  await output.line(
    `About ${echo.path} web-features says ${say(echo.staleValue)}, computed from an earlier ` +
      `MDN; MDN itself now says ${say(echo.freshValue)}. A steward would put MDN's claim in its ` +
      'place.',
  );
  const correction = replacement(stage, echo);
  const about = {
    steward: correction.content.agent_id,
    path: echo.path,
    target: echo.stale,
    replacement: echo.fresh,
  };
  const tried = (await client.record(correction.id)) ?? (await client.attempt(correction));
  if ('detail' in tried) {
    await showRefusal(stage, tried);
    return { ...about, outcome: 'forbidden', rule: tried.detail };
  }
  const corrected = tried.recorded_stamp;
  await showCorrected(stage, echo, correction, tried);
  const restored = (await client.put(restoration(stage, echo.stale))).recorded_stamp;
  await output.line('The steward then takes it back, so that the demo leaves all as it was.');
  const moments = { before: justBefore(corrected), corrected, restored };
  return { ...about, outcome: 'corrected', correction: correction.id, ...moments };
}

async function showRefusal({ output }: Stage, { code, detail }: Forbidden): Promise<void> {
  await output.line(`The server refuses (403 ${code}): ${detail}`);
  await output.line(
    'Naming stewards is up to whoever runs the server. A configuration that names the one of ' +
      `this demo: npm start -- --config ${stewardConfig}; then run the demo again.`,
  );
}

async function showCorrected(
  { client, output }: Stage,
  { path, stale }: StaleEcho,
  { content }: SignedSupersession,
  { recorded_at, recorded_stamp }: Recorded,
): Promise<void> {
  const [before, after] = [justBefore(recorded_stamp), recorded_stamp];
  await output.line(`Steward ${content.agent_id} replaces claim ${stale}`);
  await output.line(`  at ${recorded_at}, because: ${content.reason}`);
  const questions = [
    ['as_of just before', await askOne(askAt(client, before), path, 'consensus')],
    ['after it', await askOne(askAt(client, after), path, 'consensus')],
    [
      'after it, with include_superseded',
      await askOne(askAt(client, after), path, 'consensus', { include_superseded: true }),
    ],
  ] as const;
  await output.table(
    ['asked', 'answer', 'claims', 'conflict'],
    questions.map(([asked, [result]]) => [
      asked,
      say(result?.value),
      String(result?.candidates_count ?? 0),
      figure(result?.conflict_score),
    ]),
  );
  await output.line(`Who corrected it stays beside the claim: stemedb show ${stale}`);
}
