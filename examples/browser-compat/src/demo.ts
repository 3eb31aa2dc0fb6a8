/**
 * The demo from beginning to end: load two releases of the same sources, look at how these
 * contradict each other (first act), then at what changes with time and by correction (second act).
 * It only asks the public API, and leaves the answers as they were.
 */
import { supportedSince } from './dataset.js';
import { type PrintedConflict, playFirstAct } from './first_act.js';
import { day, grouped } from './format.js';
import { loadReleases, type Releases } from './loading.js';
import type { DemoClient, DemoOutput, SendResult } from './ports.js';
import { askAt } from './questions.js';
import type { SignRecord } from './records.js';
import { playSecondAct, type SecondActReport } from './second_act.js';

export interface DemoReport extends SendResult {
  readonly conflicts: readonly PrintedConflict[];
  readonly secondAct: SecondActReport;
}

export interface DemoOptions {
  readonly releases: Releases;
  readonly sign: SignRecord;
  /** The server's address, for the lines that say how to ask more. */
  readonly url: string;
}

/** Runs the demo against a server. Rejects when the client does. */
export async function runDemo(
  client: DemoClient,
  output: DemoOutput,
  { releases, sign, url }: DemoOptions,
): Promise<DemoReport> {
  await introduce(output, releases);
  const { sent, between, complete } = await loadReleases(client, output, releases);
  // Asked as of one moment, a second run tells the same, whatever was said since.
  const asker = askAt(client, complete);
  const first = await playFirstAct(asker, output, releases.newer.sources);
  const { duels } = first.scan;
  const stage = { client, output, releases, sign, between, complete };
  const secondAct = await playSecondAct(stage, duels);
  await showMore(output, url, first.shown?.path ?? 'web/feature/flexbox/chrome', secondAct);
  return { ...sent, conflicts: first.conflicts, secondAct };
}

async function introduce(output: DemoOutput, { older, newer }: Releases): Promise<void> {
  await output.section('Since which version does a browser support a feature?');
  await output.table(
    ['source', 'title', 'released', 'class', 'claims'],
    [newer, older].flatMap(({ sources, counts }) =>
      sources.map(({ name, content }) => [
        name,
        content.title,
        day(content.published_at),
        content.class ?? '',
        grouped(counts[name]),
      ]),
    ),
  );
  await output.line(
    'Each source signs with its own demo key. Of its older release only whole features are ' +
      'loaded. What does not compare is left out; of the newer release:',
  );
  await output.table(
    ['part', 'entries', 'why left out'],
    newer.dropped.map((row) => [row.part, grouped(row.count), row.text]),
  );
}

async function showMore(
  output: DemoOutput,
  url: string,
  path: string,
  { between, retraction }: SecondActReport,
): Promise<void> {
  const key = 'web/bcd/css/properties/gap';
  await output.section('Ask more');
  for (const line of [
    `stemedb skeptic ${path} ${supportedSince}`,
    `stemedb query ${path} ${supportedSince} --lens layered --explain`,
    `stemedb query --prefix ${key} ${supportedSince} --lens consensus`,
    `stemedb skeptic ${path} ${supportedSince} --as-of ${between}`,
    `stemedb impact ${retraction.source} --lens ${retraction.lens}`,
    `stemedb list supersession --target ${retraction.source}`,
    `curl '${url}/v1/query?prefix=${key}&predicate=${supportedSince}&lens=consensus'`,
    `curl '${url}/v1/query?concept_path=${path}&lens=consensus&explain=true'`,
  ]) {
    await output.line(line);
  }
}
