/**
 * The demo from beginning to end: load, find the most contested pairs, look at one of them under
 * four lenses, see an echo counted once, and how to ask more. It only asks the public API.
 */
import type { SignedSource } from './agents.js';
import { type CompatDataset, supportedSince } from './dataset.js';
import type { DemoClient, DemoOutput, DemoResult, SendResult } from './ports.js';
import {
  askEach,
  askOne,
  readExplanation,
  type Sayings,
  type Scan,
  scanFeatures,
} from './questions.js';
import type { SourceName } from './statement.js';

/** Contested pairs that are printed, one of each feature. */
const conflictsShown = 50;

/** The lenses under which one pair is shown. */
const lenses = ['recency', 'consensus', 'layered', 'skeptic'] as const;

/** One printed conflict: a concept path and what each source says of it. */
export interface PrintedConflict {
  readonly path: string;
  readonly values: Sayings;
  readonly conflictScore: number;
}

export interface DemoReport extends SendResult {
  readonly conflicts: readonly PrintedConflict[];
}

export interface DemoOptions {
  readonly dataset: CompatDataset;
  /** The server's address, for the lines that say how to ask more. */
  readonly url: string;
}

/** Runs the demo against a server. Rejects when the client does. */
export async function runDemo(
  client: DemoClient,
  output: DemoOutput,
  { dataset, url }: DemoOptions,
): Promise<DemoReport> {
  await introduce(output, dataset);
  const sent = await load(client, output, dataset);
  const scan = await scanFeatures(client, conflictsShown);
  const conflicts = await showConflicts(client, output, dataset.sources, scan);
  const echoed = conflicts.find(isEcho) ?? conflicts[0];
  if (echoed !== undefined) {
    await showLenses(client, output, echoed);
    await showEcho(client, output, dataset.sources, echoed, scan.agreed);
  }
  await showMore(output, url, echoed?.path ?? 'web/feature/flexbox/chrome');
  return { ...sent, conflicts };
}

const say = (value: unknown): string => {
  if (value === undefined) return '-';
  return value === false ? 'not supported' : String(value);
};

const day = (ms: number | undefined): string =>
  ms === undefined ? '' : new Date(ms).toISOString().slice(0, 10);

const figure = (value: number | undefined): string =>
  value === undefined ? '-' : String(Number(value.toFixed(3)));

const grouped = (count: number): string => count.toLocaleString('en-US');

/** MDN and web-features say one thing, caniuse another. */
function isEcho({ values }: PrintedConflict): boolean {
  const { mdn, caniuse } = values;
  const isRepeated = mdn !== undefined && mdn === values['web-features'];
  return isRepeated && caniuse !== undefined && caniuse !== mdn;
}

async function introduce(output: DemoOutput, dataset: CompatDataset): Promise<void> {
  await output.section('Since which version does a browser support a feature?');
  await output.table(
    ['source', 'title', 'released', 'class', 'claims'],
    dataset.sources.map(({ name, content }) => [
      name,
      content.title,
      day(content.published_at),
      content.class ?? '',
      grouped(dataset.counts[name]),
    ]),
  );
  await output.line('Each source signs with its own demo key. What does not compare is left out:');
  await output.table(
    ['part', 'entries', 'why left out'],
    dataset.dropped.map((row) => [row.part, grouped(row.count), row.text]),
  );
}

async function load(
  client: DemoClient,
  output: DemoOutput,
  dataset: CompatDataset,
): Promise<SendResult> {
  await output.section(`Loading ${grouped(dataset.total)} signed claims`);
  for (const source of dataset.sources) await client.putSource(source);
  const progress = output.progress('claims', dataset.total);
  const sent = await client
    .sendClaims(dataset.claims(), (done) => progress.update(done))
    .finally(() => progress.stop());
  const { created, duplicate, refused } = sent;
  await output.line(
    `${grouped(created)} added, ${grouped(duplicate)} already there, ${grouped(refused)} refused.`,
  );
  if (created === 0 && refused === 0) {
    await output.line('Nothing was added: the same content has the same id, so it is stored once.');
  }
  return sent;
}

async function showConflicts(
  client: DemoClient,
  output: DemoOutput,
  sources: readonly SignedSource[],
  scan: Scan,
): Promise<readonly PrintedConflict[]> {
  const conflicts: PrintedConflict[] = [];
  for (const result of scan.top) {
    const path = result.concept_path;
    const values = await askEach(client, sources, path);
    conflicts.push({ path, values, conflictScore: result.conflict_score });
  }
  await output.section('The most contested pairs');
  await output.line(
    `Of ${grouped(scan.pairs)} pairs of a whole feature and a browser, more than one source ` +
      `speaks about ${grouped(scan.shared)}; they contradict each other about ` +
      `${grouped(scan.contested)}. The first of each of ${conflicts.length} features:`,
  );
  const names = sources.map((source) => source.name);
  await output.table(
    ['feature', 'browser', ...names, 'conflict'],
    conflicts.map(({ path, values, conflictScore }) => [
      ...path.split('/').slice(2),
      ...names.map((name) => say(values[name])),
      figure(conflictScore),
    ]),
  );
  return conflicts;
}

function answerOf(result: DemoResult): string {
  if (result.values === undefined || result.value !== undefined) return say(result.value);
  return result.values.map(({ value, share }) => `${say(value)}: ${figure(share)}`).join(', ');
}

async function showLenses(
  client: DemoClient,
  output: DemoOutput,
  conflict: PrintedConflict,
): Promise<void> {
  await output.section(`One pair, four lenses: ${conflict.path}`);
  const rows: string[][] = [];
  for (const lens of lenses) {
    const [result] = await askOne(client, conflict.path, lens, { explain: true });
    if (result === undefined) continue;
    rows.push([
      lens,
      answerOf(result) + (result.tied === true ? ' (tied)' : ''),
      figure(result.confidence),
      figure(result.conflict_score),
      readExplanation(result.explain).formula,
    ]);
  }
  await output.table(['lens', 'answer', 'confidence', 'conflict', 'how'], rows);
}

async function showEcho(
  client: DemoClient,
  output: DemoOutput,
  sources: readonly SignedSource[],
  conflict: PrintedConflict,
  agreed: DemoResult | undefined,
): Promise<void> {
  await output.section('An echo is no second voice');
  await output.line(
    'web-features computes its figures from MDN, and its claims say so in `derived_from`. ' +
      'So both have one origin, and consensus hears them once:',
  );
  await showVoices(client, output, sources, conflict.path, conflict.values);
  if (isEcho(conflict)) {
    const { mdn, caniuse } = conflict.values;
    await output.line(
      `Counted by heads it would be 2 to 1 for ${say(mdn)} against ${say(caniuse)}; ` +
        'counted by origin it is 1 to 1, a tie, and the answer says so.',
    );
  }
  if (agreed === undefined) return;
  const path = agreed.concept_path;
  await output.line('The same where all three agree: three claims, two voices.');
  await showVoices(client, output, sources, path, await askEach(client, sources, path));
}

/** The explanation of `consensus`: which claim adds a voice, and the count of both. */
async function showVoices(
  client: DemoClient,
  output: DemoOutput,
  sources: readonly SignedSource[],
  path: string,
  values: Sayings,
): Promise<void> {
  const [result] = await askOne(client, path, 'consensus', { explain: true });
  if (result === undefined) return;
  const names = new Map<string, SourceName>(sources.map((s) => [s.content.agent_id, s.name]));
  const { claims } = readExplanation(result.explain);
  const voices = claims.filter((claim) => claim.contributes).length;
  await output.line(`${path}: ${claims.length} claims, ${voices} voices`);
  await output.table(
    ['who', 'says', 'origin', 'voice', 'why'],
    claims.map((claim) => {
      const name = names.get(claim.agentId);
      const said = name === undefined ? undefined : values[name];
      const voice = claim.contributes ? '1' : '0';
      return [name ?? claim.agentId, say(said), claim.origin, voice, claim.reason];
    }),
  );
}

async function showMore(output: DemoOutput, url: string, path: string): Promise<void> {
  const key = 'web/bcd/css/properties/gap';
  await output.section('Ask more');
  for (const line of [
    `stemedb skeptic ${path} ${supportedSince}`,
    `stemedb query ${path} ${supportedSince} --lens layered --explain`,
    `stemedb query --prefix ${key} ${supportedSince} --lens consensus`,
    `curl '${url}/v1/query?prefix=${key}&predicate=${supportedSince}&lens=consensus'`,
    `curl '${url}/v1/query?concept_path=${path}&lens=consensus&explain=true'`,
  ]) {
    await output.line(line);
  }
}
