/**
 * Retracting a source: first the list of every answer that would change, then the retraction, then
 * a look at all pairs whether exactly the listed ones changed, and exactly as listed.
 */
import {
  canonicalText,
  type HlcStamp,
  type JsonValue,
  type RecordId,
  type SupersessionContent,
} from '@stemedb/model';
import { figure, grouped, say } from './format.js';
import { demoKey } from './keys.js';
import { pairResults } from './pairing.js';
import type { DemoClient, DemoImpact, DemoResult, Recorded } from './ports.js';
import { askAt, featureResults } from './questions.js';
import { type SignedSupersession, signed } from './records.js';
import { type Stage, sourceNamed, statedAt } from './stage.js';
import { justBefore } from './stamps.js';

const lens = 'consensus';
/** Impacts that are printed. */
const impactsShown = 10;

/** What becomes of an answer. */
type Effect = 'no answer' | 'another value' | 'no contradiction' | 'fewer voices';

export interface RetractionReport {
  readonly source: RecordId;
  readonly lens: string;
  readonly retraction: RecordId;
  /** The last moment before the retraction, and the moments of it and of the restoration. */
  readonly before: HlcStamp;
  readonly retracted: HlcStamp;
  readonly restored: HlcStamp;
  readonly listed: number;
  readonly effects: Readonly<Record<Effect, number>>;
  readonly pairs: number;
  readonly changed: number;
  /** Pairs that did not do as listed. */
  readonly strays: readonly string[];
  /** Pairs that are not as before after the restoration. */
  readonly unrestored: readonly string[];
  /** True when there are neither. */
  readonly isExact: boolean;
}

/** The retraction of caniuse's newer release by caniuse, or what takes it back. */
function statement(
  stage: Stage,
  action: 'retract' | 'restore',
  reason: string,
): SignedSupersession {
  const key = demoKey('caniuse');
  const content: SupersessionContent = {
    kind: 'supersession',
    v: 1,
    agent_id: key.agentId,
    asserted_at: statedAt(stage, action === 'retract' ? 'retraction' : 'restoration'),
    target: sourceNamed(stage.releases.newer.sources, 'caniuse').id,
    action,
    reason,
  };
  return signed(content, key, stage.sign);
}

function effectOf({ old, new: next }: DemoImpact): Effect {
  if (next === null) return 'no answer';
  if (old === null || canonicalText(answerOf(old)) !== canonicalText(answerOf(next))) {
    return 'another value';
  }
  return old.conflict_score > 0 && next.conflict_score === 0 ? 'no contradiction' : 'fewer voices';
}

const answerOf = (result: DemoResult): JsonValue => (result.value ?? null) as JsonValue;

/** The whole answer about a pair as one text; none is `null`. */
const textOf = (result: DemoResult | null | undefined): string =>
  canonicalText((result ?? null) as unknown as JsonValue);

interface Listed {
  readonly position: string;
  readonly dependants: number;
  /** By path; the retraction comes after it, so what it is compared with later is kept. */
  readonly impacts: ReadonlyMap<string, DemoImpact>;
}

async function listImpacts(client: DemoClient, source: RecordId, asOf?: HlcStamp): Promise<Listed> {
  const impacts = new Map<string, DemoImpact>();
  let [position, dependants] = ['', 0];
  for await (const page of client.impact(source, lens, asOf)) {
    if (position === '') ({ position, dependants } = page);
    for (const impact of page.impacts) impacts.set(impact.concept_path, impact);
  }
  return { position, dependants, impacts };
}

interface Checked {
  readonly pairs: number;
  readonly changed: number;
  readonly strays: readonly string[];
}

/** Asks about all whole features at both moments: only what is listed may differ, and as listed. */
async function check(
  client: DemoClient,
  impacts: ReadonlyMap<string, DemoImpact>,
  before: HlcStamp,
  after: HlcStamp,
): Promise<Checked> {
  let [pairs, changed] = [0, 0];
  const strays: string[] = [];
  const results = pairResults(
    featureResults(askAt(client, before), { lens }),
    featureResults(askAt(client, after), { lens }),
  );
  for await (const pair of results) {
    pairs += 1;
    const [was, is] = [textOf(pair.before), textOf(pair.after)];
    if (was !== is) changed += 1;
    const impact = impacts.get(pair.path);
    const isAsListed =
      impact === undefined ? was === is : textOf(impact.old) === was && textOf(impact.new) === is;
    if (!isAsListed) strays.push(pair.path);
  }
  return { pairs, changed, strays };
}

export async function showRetraction(stage: Stage): Promise<RetractionReport> {
  const { client, output } = stage;
  const retraction = statement(
    stage,
    'retract',
    'A demonstration: what follows when a source takes a release back.',
  );
  const restoration = statement(stage, 'restore', 'The demonstration is over: the release stands.');
  const source = retraction.content.target;
  const earlier = await client.record(retraction.id);
  const asOf = earlier === undefined ? undefined : justBefore(earlier.recorded_stamp);
  const listed = await listImpacts(client, source, asOf);
  const effects = await showImpacts(stage, listed);

  const done = earlier ?? (await client.retract(retraction, listed.position));
  const retracted = done.recorded_stamp;
  const before = justBefore(retracted);
  const checked = await check(client, listed.impacts, before, retracted);
  await showOutcome(stage, done, checked);
  const restored = (await client.put(restoration)).recorded_stamp;
  const { strays: unrestored } = await check(client, new Map(), before, restored);
  await output.line(
    unrestored.length === 0
      ? 'caniuse then restores its release, and every answer is as it was.'
      : `After the restoration ${grouped(unrestored.length)} answers are not as they were.`,
  );
  return {
    source,
    lens,
    retraction: retraction.id,
    before,
    retracted,
    restored,
    listed: listed.impacts.size,
    effects,
    ...checked,
    unrestored,
    isExact: checked.strays.length + unrestored.length === 0,
  };
}

async function showImpacts(
  { output }: Stage,
  { dependants, impacts }: Listed,
): Promise<Readonly<Record<Effect, number>>> {
  const effects = { 'no answer': 0, 'another value': 0, 'no contradiction': 0, 'fewer voices': 0 };
  const rows: string[][] = [];
  for (const impact of impacts.values()) {
    const effect = effectOf(impact);
    effects[effect] += 1;
    if (effect !== 'no contradiction' || rows.length === impactsShown) continue;
    const conflicts = [impact.old, impact.new].map((result) => figure(result?.conflict_score));
    rows.push([
      ...impact.concept_path.split('/').slice(2),
      say(impact.old?.value),
      say(impact.new?.value),
      conflicts.join(' -> '),
    ]);
  }
  await output.section('Taking a source back: first look, then do');
  await output.line(
    `${grouped(dependants)} records rest on caniuse's newer release. Under the lens ${lens} its ` +
      `retraction would change ${grouped(impacts.size)} answers. What they would have:`,
  );
  await output.table(
    ['then', 'answers'],
    Object.entries(effects).map(([effect, count]) => [effect, grouped(count)]),
  );
  await output.line('The first contradictions that would go, with the answer and its conflict:');
  await output.table(['feature', 'browser', 'old', 'new', 'conflict'], rows);
  return effects;
}

async function showOutcome(
  { output }: Stage,
  { recorded_at }: Recorded,
  { pairs, changed, strays }: Checked,
): Promise<void> {
  await output.line(`caniuse retracts it; recorded at ${recorded_at}.`);
  const asked = `All ${grouped(pairs)} pairs asked as of just before and as of then:`;
  await output.line(
    strays.length === 0
      ? `${asked} ${grouped(changed)} answers differ, exactly those listed and as listed.`
      : `${asked} ${grouped(strays.length)} did not do as listed, first ${strays[0]}.`,
  );
}
