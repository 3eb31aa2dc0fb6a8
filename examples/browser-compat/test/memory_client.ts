/**
 * A database in memory that answers as much as the demo asks: moments, epochs, retraction of a
 * source, replacement, the rule of voices. Its stamps count its records.
 */
import {
  type AgentId,
  type AssertionContent,
  type HlcStamp,
  parseStamp,
  type RecordContent,
  type RecordId,
  type SupersessionContent,
} from '@stemedb/model';
import type {
  DemoAnswer,
  DemoClient,
  DemoImpact,
  DemoImpacts,
  DemoQuestion,
  DemoResult,
  Forbidden,
  Recorded,
  SendResult,
  SignedClaim,
  SignedStatement,
  SignedSupersession,
} from '../src/index.js';

interface Stored {
  readonly id: RecordId;
  readonly content: AssertionContent;
  readonly number: number;
}

interface Said {
  readonly content: SupersessionContent;
  readonly number: number;
}

const stampOf = (number: number): HlcStamp => {
  const stamp = parseStamp(number.toString(16).padStart(32, '0'));
  if (stamp === undefined) throw new Error('a padded number is a stamp');
  return stamp;
};

const originOf = (content: AssertionContent): string =>
  content.derived_from?.[0] ?? content.source ?? content.agent_id;

/** Binary entropy of the leading share, 1 below one half (spec 6). */
function conflictOf(share: number): number {
  if (share < 0.5) return 1;
  return share === 1 ? 0 : -share * Math.log2(share) - (1 - share) * Math.log2(1 - share);
}

export class MemoryClient implements DemoClient {
  readonly questions: DemoQuestion[] = [];
  /** May supersede what others stated. */
  steward: AgentId | undefined;
  /** Answers of an impact that are left out: a fault for a test to find. */
  unlisted = 0;
  #last = 0;
  readonly #records = new Map<RecordId, Recorded>();
  readonly #pairs = new Map<string, Stored[]>();
  readonly #said: Said[] = [];
  /** A superseded epoch, and the number of the record by which it is. */
  readonly #superseded = new Map<RecordId, number>();

  get size(): number {
    return this.#records.size;
  }

  #keep(id: RecordId, record: RecordContent): Recorded | undefined {
    if (this.#records.has(id)) return undefined;
    this.#last += 1;
    const recorded = {
      record,
      recorded_at: new Date(Date.UTC(2026, 10, 21) + this.#last).toISOString(),
      recorded_stamp: stampOf(this.#last),
    };
    this.#records.set(id, recorded);
    return recorded;
  }

  async record(id: RecordId): Promise<Recorded | undefined> {
    return this.#records.get(id);
  }

  async put({ id, content }: SignedStatement): Promise<Recorded> {
    const kept = this.#keep(id, content);
    if (kept !== undefined && content.kind === 'epoch') {
      for (const epoch of content.supersedes ?? []) this.#superseded.set(epoch, this.#last);
    }
    if (kept !== undefined && content.kind === 'supersession') {
      this.#said.push({ content, number: this.#last });
    }
    const recorded = kept ?? this.#records.get(id);
    if (recorded === undefined) throw new Error('kept a moment ago');
    return recorded;
  }

  async attempt(record: SignedSupersession): Promise<Recorded | Forbidden> {
    const target = this.#records.get(record.content.target)?.record;
    const { agent_id: author } = record.content;
    const owner = target === undefined || !('agent_id' in target) ? undefined : target.agent_id;
    if (author === owner || author === this.steward) return this.put(record);
    return { code: 'forbidden', detail: 'Only its author and stewards may.' };
  }

  async retract(record: SignedSupersession, ifPosition: string): Promise<Recorded> {
    if (ifPosition !== `memory.${this.#last}`) throw new Error('conflict');
    return this.put(record);
  }

  async *impact(source: RecordId, lens: string, asOf?: HlcStamp): AsyncGenerator<DemoImpacts> {
    const number = asOf === undefined ? this.#last : Number(`0x${asOf}`);
    const impacts: DemoImpact[] = [];
    let dependants = 0;
    for (const path of [...this.#pairs.keys()].sort()) {
      const claims = this.#claims(path, number, false);
      const rest = claims.filter(({ content }) => content.source !== source);
      if (rest.length === claims.length) continue;
      dependants += claims.length - rest.length;
      const old = resolve(path, claims, { lens });
      impacts.push({ concept_path: path, old, new: resolve(path, rest, { lens }) ?? null });
    }
    const position = `memory.${number}`;
    yield { position, dependants, impacts: impacts.slice(this.unlisted, 1000) };
    yield { position, dependants, impacts: impacts.slice(1000) };
  }

  async sendClaims(
    claims: Iterable<SignedClaim>,
    onProgress: (done: number) => void,
  ): Promise<SendResult> {
    let [created, duplicate] = [0, 0];
    for (const { id, content } of claims) {
      if (this.#keep(id, content) === undefined) duplicate += 1;
      else {
        created += 1;
        const stored = this.#pairs.get(content.concept_path) ?? [];
        stored.push({ id, content, number: this.#last });
        this.#pairs.set(content.concept_path, stored);
      }
      onProgress(created + duplicate);
    }
    return { created, duplicate, refused: 0 };
  }

  /** What takes part in answers as of a record. */
  #claims(path: string, number: number, superseded: boolean): readonly Stored[] {
    const isOut = (id: RecordId | undefined, actions: readonly string[]): boolean => {
      const words = this.#said.filter((s) => s.content.target === id && s.number <= number);
      const last = words.sort((a, b) => a.content.asserted_at - b.content.asserted_at).at(-1);
      return last !== undefined && actions.includes(last.content.action);
    };
    return (this.#pairs.get(path) ?? []).filter(({ id, content, number: own }) => {
      if (own > number || isOut(content.source, ['retract'])) return false;
      if (superseded) return true;
      const epochEnd =
        content.epoch === undefined ? undefined : this.#superseded.get(content.epoch);
      return (epochEnd ?? number + 1) > number && !isOut(id, ['replace', 'retract']);
    });
  }

  async query(question: DemoQuestion): Promise<DemoAnswer> {
    this.questions.push(question);
    const { concept_path: path, prefix = '', agent_id: agent, cursor, limit = 100 } = question;
    const asOf = question.as_of ?? stampOf(this.#last);
    const paths = path === undefined ? this.#under(prefix, cursor) : [path];
    const page = paths.slice(0, limit);
    const results = page.flatMap((each) => {
      const all = this.#claims(each, Number(`0x${asOf}`), question.include_superseded === true);
      const claims = all.filter(({ content }) => agent === undefined || content.agent_id === agent);
      return resolve(each, claims, question) ?? [];
    });
    const last = page.at(-1);
    const head = { as_of: '2026-11-21T00:00:00.000Z', policy: null, results };
    return paths.length > limit && last !== undefined ? { ...head, next_cursor: last } : head;
  }

  #under(prefix: string, cursor: string | undefined): readonly string[] {
    return [...this.#pairs.keys()]
      .filter((path) => path.startsWith(`${prefix}/`) && (cursor === undefined || path > cursor))
      .sort();
  }
}

/** Half-lives of the two classes of the demo, in days. */
const halfLifeDays = { expert: 180, community: 90 };

function resolve(
  path: string,
  claims: readonly Stored[],
  question: Pick<DemoQuestion, 'lens' | 'explain' | 'decay'>,
): DemoResult | null {
  if (claims.length === 0) return null;
  const origins = new Map<unknown, Set<string>>();
  const candidates = claims.map(({ id, content }) => {
    const { value } = content;
    const heard = origins.get(value) ?? new Set<string>();
    const origin = originOf(content);
    const contribution = heard.has(origin) ? 0 : 1;
    origins.set(value, heard.add(origin));
    const className = path.endsWith('/ie') ? 'community' : 'expert';
    const ageDays = (Date.UTC(2026, 10, 21) - content.asserted_at) / 86_400_000;
    return {
      assertion: id,
      agent_id: content.agent_id,
      origin_name: origin,
      contribution,
      reason: 'test',
      class: className,
      confidence: 1,
      effective_confidence:
        question.decay === undefined ? 1 : 2 ** (-ageDays / halfLifeDays[className]),
      effective_time: new Date(content.asserted_at).toISOString(),
    };
  });
  const ranked = [...origins].sort(([, a], [, b]) => b.size - a.size);
  const voices = ranked.reduce((sum, [, heard]) => sum + heard.size, 0);
  const values = ranked.map(([value, heard]) => ({
    value,
    share: heard.size / voices,
    support: heard.size,
    claims: claims.filter(({ content }) => content.value === value).length,
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
