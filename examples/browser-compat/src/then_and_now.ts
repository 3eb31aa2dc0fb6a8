/** What each source said then and says now: the older release as of its time, and the newer one. */
import type { SignedSource } from './agents.js';
import { grouped, say } from './format.js';
import { pairResults } from './pairing.js';
import type { DemoResult } from './ports.js';
import { type Asker, askAt, askOne, featureResults } from './questions.js';
import type { Stage } from './stage.js';
import type { SourceName } from './statement.js';

/** Changes that are printed, one of each feature and source. */
const changesShown = 20;

/** A pair about which a source now says something else, other than that support has come. */
interface ChangedSaying {
  readonly source: SourceName;
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Pairs by what became of the source's statement. */
interface SourceChanges {
  readonly source: SourceName;
  readonly before: number;
  readonly after: number;
  readonly same: number;
  /** Not supported then, supported now. */
  readonly arrived: number;
  /** Another version: the statement about the past was corrected. */
  readonly corrected: number;
  /** Supported then, not supported now. */
  readonly ended: number;
  /** Said only now. */
  readonly added: number;
  /** Said only then. */
  readonly dropped: number;
}

export interface ThenAndNow {
  readonly counts: readonly SourceChanges[];
  readonly changes: readonly ChangedSaying[];
  /** The changed pair that is looked at closely. */
  readonly path: string;
}

type Change = keyof Omit<SourceChanges, 'source' | 'before' | 'after'>;

function changeOf(before: DemoResult | undefined, after: DemoResult | undefined): Change {
  if (before === undefined) return 'added';
  if (after === undefined) return 'dropped';
  if (before.value === after.value) return 'same';
  if (before.value === false) return 'arrived';
  return after.value === false ? 'ended' : 'corrected';
}

const featureOf = (path: string): string => path.split('/')[2] ?? '';

/** Compares one source's statements at two moments. */
async function compareSource(
  { name, content }: SignedSource,
  then: Asker,
  now: Asker,
): Promise<{ readonly counts: SourceChanges; readonly changes: readonly ChangedSaying[] }> {
  const counts = { same: 0, arrived: 0, corrected: 0, ended: 0, added: 0, dropped: 0 };
  const changes: ChangedSaying[] = [];
  const features = new Set<string>();
  const question = { lens: 'recency', agent_id: content.agent_id };
  const pairs = pairResults(featureResults(then, question), featureResults(now, question));
  for await (const { path, before, after } of pairs) {
    const change = changeOf(before, after);
    counts[change] += 1;
    if (change !== 'corrected' && change !== 'ended') continue;
    if (features.has(featureOf(path)) || changes.length === changesShown) continue;
    features.add(featureOf(path));
    changes.push({ source: name, path, before: before?.value, after: after?.value });
  }
  const { same, arrived, corrected, ended, added, dropped } = counts;
  const common = same + arrived + corrected + ended;
  const sums = { before: common + dropped, after: common + added };
  return { counts: { source: name, ...sums, ...counts }, changes };
}

export async function showThenAndNow(stage: Stage): Promise<ThenAndNow> {
  const { client, output, releases, between, complete } = stage;
  const [then, now] = [askAt(client, between), askAt(client, complete)];
  const counts: SourceChanges[] = [];
  const changes: ChangedSaying[] = [];
  for (const source of releases.newer.sources) {
    const compared = await compareSource(source, then, now);
    counts.push(compared.counts);
    changes.push(...compared.changes);
  }
  const { older, newer } = releases;
  await output.section('Second act: what time and correction do');
  await output.line(
    `The older release was loaded first, as the epoch "${older.epoch.content.name}". The epoch ` +
      `"${newer.epoch.content.name}" supersedes it: one record, and all its claims are out of ` +
      'the answers. Nothing is deleted: as_of just before that record has the old answers.',
  );
  await showCounts(stage, counts);
  const shown = changes.slice(0, changesShown);
  await output.line(`as_of ${between}, and now: the first corrected or ended of each feature.`);
  await output.table(
    ['feature', 'browser', 'source', 'said then', 'says now'],
    shown.map(({ source, path, before, after }) => [
      ...path.split('/').slice(2),
      source,
      say(before),
      say(after),
    ]),
  );
  const path = shown[0]?.path ?? 'web/feature/flexbox/chrome';
  await showSuperseded(stage, path);
  return { counts, changes: shown, path };
}

async function showCounts({ output }: Stage, counts: readonly SourceChanges[]): Promise<void> {
  await output.table(
    ['source', 'pairs then', 'now', 'same', 'came', 'corrected', 'ended', 'new', 'no longer'],
    counts.map((row) => [
      row.source,
      ...[row.before, row.after, row.same, row.arrived, row.corrected, row.ended].map(grouped),
      ...[row.added, row.dropped].map(grouped),
    ]),
  );
}

/** One pair as of then, now, and with what was superseded. */
async function showSuperseded(
  { client, output, between, complete }: Stage,
  path: string,
): Promise<void> {
  const [then, now] = [askAt(client, between), askAt(client, complete)];
  const questions = [
    ['as_of just before the newer epoch', await askOne(then, path, 'skeptic')],
    ['now', await askOne(now, path, 'skeptic')],
    [
      'now, with include_superseded',
      await askOne(now, path, 'skeptic', { include_superseded: true }),
    ],
  ] as const;
  await output.line(`One of them, ${path}, under the lens skeptic:`);
  await output.table(
    ['asked', 'values, with their claims', 'claims'],
    questions.map(([asked, [result]]) => [
      asked,
      (result?.values ?? []).map(({ value, claims }) => `${say(value)}: ${claims}`).join(', '),
      String(result?.candidates_count ?? 0),
    ]),
  );
}
