/** The questions that the demo asks, and what it makes of the answers. */
import type { AgentId } from '@stemedb/model';
import type { SignedSource } from './agents.js';
import { ContestedPairs } from './contested.js';
import { supportedSince } from './dataset.js';
import type { DemoClient, DemoResult } from './ports.js';
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
}

/** Reads all pages under `web/feature` with the lens `consensus`; remembers `topMax` pairs. */
export async function scanFeatures(client: DemoClient, topMax: number): Promise<Scan> {
  const top = new ContestedPairs(topMax);
  let [pairs, shared, contested] = [0, 0, 0];
  let agreed: DemoResult | undefined;
  let cursor: string | undefined;
  do {
    const answer = await client.query({
      prefix: featuresPrefix,
      predicate: supportedSince,
      lens: 'consensus',
      limit: pageResults,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const result of answer.results) {
      pairs += 1;
      if (result.candidates_count > 1) shared += 1;
      if (result.conflict_score > 0) contested += 1;
      else if (result.candidates_count === 3) agreed ??= result;
      top.offer(result);
    }
    cursor = answer.next_cursor;
  } while (cursor !== undefined);
  return { pairs, shared, contested, top: top.list(), agreed };
}

/** Asks what each source by itself says of one pair. */
export async function askEach(
  client: DemoClient,
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
  client: DemoClient,
  path: string,
  lens: string,
  options: { readonly agent_id?: AgentId; readonly explain?: boolean } = {},
): Promise<readonly DemoResult[]> {
  const question = { concept_path: path, predicate: supportedSince, lens, ...options };
  return (await client.query(question)).results;
}

/** One claim's part in an answer, read from the server's explanation. */
export interface ExplainedClaim {
  readonly agentId: string;
  readonly origin: string;
  readonly className: string;
  readonly contributes: boolean;
  readonly reason: string;
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
      agentId: text(candidate.agent_id),
      origin: text(candidate.origin_name),
      className: text(candidate.class),
      contributes: candidate.contribution !== 0,
      reason: text(candidate.reason),
    })),
  };
}
