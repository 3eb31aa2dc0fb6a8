/**
 * The first act: the most contested pairs, one of them under four lenses, and an echo that is
 * counted once.
 */
import type { SignedSource } from './agents.js';
import { figure, grouped, say } from './format.js';
import type { DemoOutput, DemoResult } from './ports.js';
import {
  type Asker,
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

export interface FirstAct {
  readonly scan: Scan;
  readonly conflicts: readonly PrintedConflict[];
  /** The pair that was looked at closely. */
  readonly shown: PrintedConflict | undefined;
}

export async function playFirstAct(
  client: Asker,
  output: DemoOutput,
  sources: readonly SignedSource[],
): Promise<FirstAct> {
  const scan = await scanFeatures(client, conflictsShown);
  const conflicts = await showConflicts(client, output, sources, scan);
  const shown = conflicts.find(isEcho) ?? conflicts[0];
  if (shown !== undefined) {
    await showLenses(client, output, shown);
    await showEcho(client, output, sources, shown, scan.agreed);
  }
  return { scan, conflicts, shown };
}

/** MDN and web-features say one thing, caniuse another. */
function isEcho({ values }: PrintedConflict): boolean {
  const { mdn, caniuse } = values;
  const isRepeated = mdn !== undefined && mdn === values['web-features'];
  return isRepeated && caniuse !== undefined && caniuse !== mdn;
}

async function showConflicts(
  client: Asker,
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
  client: Asker,
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
  client: Asker,
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
  client: Asker,
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
