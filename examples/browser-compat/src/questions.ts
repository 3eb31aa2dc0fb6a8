/** The questions that the demo asks, and what it makes of the answers. */
import { type HlcStamp, parseRecordId, parseTime, type RecordId } from '@stemedb/model';
import type { SignedSource } from './agents.js';
import { ContestedPairs } from './contested.js';
import { supportedSince } from './dataset.js';
import type { DemoClient, DemoQuestion, DemoResult } from './ports.js';
import type { SourceName } from './statement.js';

/** Results of one page of the scan: the most that the API gives. */
const pageResults = 1000;

/** Where whole features stand: the only paths about which independent sources speak. */
const featuresPrefix = 'web/feature';

/** What each source says of a pair; a source that says nothing is left out. */
export type Sayings = Partial<Record<SourceName, unknown>>;

export interface Scan {
  readonly pairs: number;
  /** Pairs with claims of two or three of the sources. */
  readonly shared: number;
  readonly contested: number;
  readonly top: readonly DemoResult[];
  /** The first pair about which all three sources say the same. */
  readonly agreed: DemoResult | undefined;
  /** The first pairs about which just two sources speak, and contradict each other. */
  readonly duels: readonly string[];
}

/** Whoever can be asked. */
export type Asker = Pick<DemoClient, 'query'>;

/** Asks as of a moment: the answers are the same for ever. */
export const askAt = (client: Asker, asOf: HlcStamp): Asker => ({
  query: (question) => client.query({ as_of: asOf, ...question }),
});

/** What a question about all whole features may add. */
export type FeatureQuestion = Omit<DemoQuestion, 'concept_path' | 'prefix' | 'predicate' | 'limit'>;

/** Every result under `web/feature`, by path, page by page. */
export async function* featureResults(
  client: Asker,
  question: FeatureQuestion,
): AsyncGenerator<DemoResult, void> {
  let cursor: string | undefined;
  do {
    const answer = await client.query({
      ...question,
      prefix: featuresPrefix,
      predicate: supportedSince,
      limit: pageResults,
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* answer.results;
    cursor = answer.next_cursor;
  } while (cursor !== undefined);
}

/** Duels that a scan remembers. */
const duelsMax = 20;

/** Reads all whole features with the lens `consensus`; remembers `topMax` pairs. */
export async function scanFeatures(client: Asker, topMax: number): Promise<Scan> {
  const top = new ContestedPairs(topMax);
  let [pairs, shared, contested] = [0, 0, 0];
  let agreed: DemoResult | undefined;
  const duels: string[] = [];
  for await (const result of featureResults(client, { lens: 'consensus' })) {
    const { candidates_count: claims, conflict_score: conflict } = result;
    pairs += 1;
    if (claims > 1) shared += 1;
    if (conflict > 0) contested += 1;
    else if (claims === 3) agreed ??= result;
    if (conflict > 0 && claims === 2 && duels.length < duelsMax) duels.push(result.concept_path);
    top.offer(result);
  }
  return { pairs, shared, contested, top: top.list(), agreed, duels };
}

/** What a question about one pair may add. */
type PairQuestion = Omit<DemoQuestion, 'concept_path' | 'prefix' | 'predicate' | 'lens'>;

/** Asks what each source by itself says of one pair. */
export async function askEach(
  client: Asker,
  sources: readonly SignedSource[],
  path: string,
): Promise<Sayings> {
  const sayings: Sayings = {};
  for (const { name, content } of sources) {
    const [result] = await askOne(client, path, 'recency', { agent_id: content.agent_id });
    if (result !== undefined) sayings[name] = result.value;
  }
  return sayings;
}

/** Asks one pair under one lens. */
export async function askOne(
  client: Asker,
  path: string,
  lens: string,
  options: PairQuestion = {},
): Promise<readonly DemoResult[]> {
  const question = { concept_path: path, predicate: supportedSince, lens, ...options };
  return (await client.query(question)).results;
}

/** One claim's part in an answer, read from the server's explanation. */
export interface ExplainedClaim {
  /** Undefined when the explanation has none. */
  readonly id: RecordId | undefined;
  readonly agentId: string;
  readonly origin: string;
  readonly className: string;
  readonly contributes: boolean;
  readonly reason: string;
  readonly confidence: number;
  /** After decay. */
  readonly effectiveConfidence: number;
  /** Milliseconds. */
  readonly effectiveMs: number;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads an explanation; fields that it does not have are empty. */
export function readExplanation(explain: unknown): {
  readonly formula: string;
  readonly claims: readonly ExplainedClaim[];
} {
  const { formula, candidates } = (explain ?? {}) as { formula?: unknown; candidates?: unknown };
  const list = Array.isArray(candidates) ? (candidates as Record<string, unknown>[]) : [];
  return {
    formula: text(formula),
    claims: list.map((candidate) => ({
      id: parseRecordId(text(candidate.assertion)),
      agentId: text(candidate.agent_id),
      origin: text(candidate.origin_name),
      className: text(candidate.class),
      contributes: candidate.contribution !== 0,
      reason: text(candidate.reason),
      confidence: Number(candidate.confidence),
      effectiveConfidence: Number(candidate.effective_confidence),
      effectiveMs: parseTime(text(candidate.effective_time)) ?? 0,
    })),
  };
}
