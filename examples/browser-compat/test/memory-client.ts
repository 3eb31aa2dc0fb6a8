/** A database in memory that answers as much as the demo asks, with the rule of voices. */
import type { AgentId, AssertionContent } from '@stemedb/model';
import type {
  DemoAnswer,
  DemoClient,
  DemoQuestion,
  DemoResult,
  SendResult,
  SignedClaim,
} from '../src/index.js';

interface Stored {
  readonly agent: AgentId;
  readonly value: unknown;
  readonly origin: string;
}

const originOf = (content: AssertionContent): string =>
  content.derived_from?.[0] ?? content.source ?? content.agent_id;

/** Binary entropy of the leading share, 1 below one half (spec 6). */
function conflictOf(share: number): number {
  if (share < 0.5) return 1;
  return share === 1 ? 0 : -share * Math.log2(share) - (1 - share) * Math.log2(1 - share);
}

export class MemoryClient implements DemoClient {
  readonly questions: DemoQuestion[] = [];
  readonly #ids = new Set<string>();
  readonly #pairs = new Map<string, Stored[]>();

  async putSource(source: { readonly id: string }): Promise<{ status: 'created' | 'duplicate' }> {
    const isNew = !this.#ids.has(source.id);
    this.#ids.add(source.id);
    return { status: isNew ? 'created' : 'duplicate' };
  }

  async sendClaims(
    claims: Iterable<SignedClaim>,
    onProgress: (done: number) => void,
  ): Promise<SendResult> {
    let [created, duplicate] = [0, 0];
    for (const { id, content } of claims) {
      if (this.#ids.has(id)) duplicate += 1;
      else {
        created += 1;
        this.#ids.add(id);
        this.#store(content);
      }
      onProgress(created + duplicate);
    }
    return { created, duplicate, refused: 0 };
  }

  #store(content: AssertionContent): void {
    const stored = this.#pairs.get(content.concept_path) ?? [];
    stored.push({ agent: content.agent_id, value: content.value, origin: originOf(content) });
    this.#pairs.set(content.concept_path, stored);
  }

  async query(question: DemoQuestion): Promise<DemoAnswer> {
    this.questions.push(question);
    const { concept_path: path, prefix = '', agent_id: agent, cursor, limit = 100 } = question;
    const paths = path === undefined ? this.#under(prefix, cursor) : [path];
    const page = paths.slice(0, limit);
    const results = page.flatMap((each) => {
      const all = this.#pairs.get(each) ?? [];
      const claims = all.filter((claim) => agent === undefined || claim.agent === agent);
      return claims.length === 0 ? [] : [resolve(each, claims, question)];
    });
    const last = page.at(-1);
    return paths.length > limit && last !== undefined
      ? { results, next_cursor: last }
      : { results };
  }

  #under(prefix: string, cursor: string | undefined): readonly string[] {
    return [...this.#pairs.keys()]
      .filter((path) => path.startsWith(`${prefix}/`) && (cursor === undefined || path > cursor))
      .sort();
  }
}

function resolve(path: string, claims: readonly Stored[], question: DemoQuestion): DemoResult {
  const origins = new Map<unknown, Set<string>>();
  const candidates = claims.map(({ agent, value, origin }) => {
    const heard = origins.get(value) ?? new Set<string>();
    const contribution = heard.has(origin) ? 0 : 1;
    origins.set(value, heard.add(origin));
    return { agent_id: agent, origin_name: origin, contribution, reason: 'test' };
  });
  const ranked = [...origins].sort(([, a], [, b]) => b.size - a.size);
  const voices = ranked.reduce((sum, [, heard]) => sum + heard.size, 0);
  const values = ranked.map(([value, heard]) => ({
    value,
    share: heard.size / voices,
    support: heard.size,
    claims: claims.filter((claim) => claim.value === value).length,
  }));
  const shares = values.map(({ share }) => share);
  return {
    concept_path: path,
    ...(question.lens === 'skeptic' ? { values } : { value: values[0]?.value }),
    confidence: shares[0] ?? 0,
    conflict_score: conflictOf(shares[0] ?? 1),
    entropy_bits: shares.reduce((bits, share) => bits - share * Math.log2(share), 0),
    candidates_count: claims.length,
    ...(question.explain === true ? { explain: { formula: 'test', candidates } } : {}),
  };
}
