/**
 * From candidate rows to candidates: filters, and every factor taken from the records and the
 * policy as of the moment asked. What a filter or a rule leaves out is kept with the reason when
 * the question wants an explanation.
 */
import type { AgentId, HlcStamp, RecordId } from '@stemedb/model';
import { stampMs } from '@stemedb/model';
import { decayNano, toNano } from '../lens/arithmetic.js';
import type { Candidate } from '../lens/lens.js';
import type { CandidateLoader } from '../store/candidate_loader.js';
import type { CandidateRow, StoreSnapshot } from '../store/store.js';
import type { ClaimRules } from '../trust/rules.js';
import { type ClassRequest, ClassTable, type CountedClass } from '../trust/source_class.js';
import type { Taint, TaintReason } from '../trust/taint.js';
import type { Moment } from './as_of.js';
import type { KnownSource, OriginResolver, ResolvedOrigin } from './origins.js';
import type { Pace } from './pace.js';
import type { Question } from './question.js';
import type { Reading } from './readings.js';
import { taintedOut } from './taints.js';

/** What a claim asks to be counted as: by itself, by the source that it cites, by its path. */
export const classRequests = (
  agent: AgentId,
  stated: string | undefined,
  cited: KnownSource | undefined,
  suggested: string | undefined,
): readonly ClassRequest[] => [
  { name: stated, agents: [agent] },
  // Citing lends nothing: the source counts as far as its author and the claim's may both go.
  { name: cited?.className, agents: cited === undefined ? [agent] : [agent, cited.agent] },
  { name: suggested, agents: [agent] },
];

/** The candidate with what an explanation shows beside its factors. */
export interface WeighedCandidate extends Candidate {
  readonly agentId: AgentId;
  readonly originName: string;
  readonly statedClass: string | undefined;
  readonly counted: CountedClass;
  readonly statedConfidence: number;
  readonly lifecycle: CandidateRow['lifecycle'];
  readonly assertedMs: number;
  readonly hasReferences: boolean;
  /** What the reader of this claim should know of its premises, when anything. */
  readonly taint: TaintReason | undefined;
}

export interface LeftOut {
  readonly id: RecordId;
  readonly reason: string;
}

export interface CandidateSet {
  readonly candidates: readonly WeighedCandidate[];
  /** Only when the question wants an explanation. */
  readonly leftOut: readonly LeftOut[];
  /** True when the pair gained a record after the question's `since`. */
  readonly gained: boolean;
}

/** Rows that are weighed between two looks at the pace of the question. */
const rowsPerLook = 512;

const nothingTainted: ReadonlyMap<RecordId, TaintReason> = new Map();

/** Lifecycle states that do not take part unless they are asked for. */
const inactive: ReadonlySet<CandidateRow['lifecycle']> = new Set(['rejected', 'deprecated']);

/** Numbers for strings, given out in the order in which they are first met. */
class Numbering {
  readonly #numbers = new Map<string, number>();

  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

/** Weighs the rows of one question; one for all its pairs. */
export class CandidateWeigher {
  readonly #question: Question;
  readonly #moment: Moment;
  readonly #snapshot: StoreSnapshot;
  readonly #origins: OriginResolver;
  readonly #classes: ClassTable;
  readonly #taint: Taint | undefined;
  readonly #pace: Pace;
  readonly #trust: number;

  constructor(parts: {
    readonly question: Question;
    readonly reading: Reading;
    readonly rules: ClaimRules;
  }) {
    const { moment, snapshot, origins, policy, pace } = parts.reading;
    this.#question = parts.question;
    this.#moment = moment;
    this.#snapshot = snapshot;
    this.#origins = origins;
    this.#classes = new ClassTable(policy);
    this.#taint = parts.rules.taint;
    this.#pace = pace;
    this.#trust = toNano(policy.table.trust.initial);
  }

  get classes(): ClassTable {
    return this.#classes;
  }

  /** Weighs the rows of one pair. Agents and origins are numbered by the order of claim ids, so
   * that an explanation reads the same wherever and in whatever order the records arrived. */
  async weigh(conceptPath: string, rows: readonly CandidateRow[]): Promise<CandidateSet> {
    const taints = await this.#tainted(rows);
    const explain = this.#question.explain === true;
    const ordered = explain ? [...rows].sort((one, other) => (one.id < other.id ? -1 : 1)) : rows;
    const agents = new Numbering();
    const origins = new Numbering();
    const suggested = this.#classes.suggestedBy(conceptPath);
    const candidates: WeighedCandidate[] = [];
    const leftOut: LeftOut[] = [];
    const { sinceMs } = this.#question;
    const gained = sinceMs === undefined || rows.some((row) => stampMs(row.stamp) > sinceMs);
    for (const [at, row] of ordered.entries()) {
      if (at % rowsPerLook === rowsPerLook - 1) await this.#pace.spend(rowsPerLook);
      const agentId = this.#snapshot.agent(row.agentNumber);
      const origin = this.#origins.resolve(row.originNumber);
      const counted = this.#countedClass(row, agentId, origin, suggested);
      const taint = taints.get(row.id);
      const reason = taintedOut(taint) ?? this.#reasonToLeaveOut(row, agentId, counted);
      if (reason !== undefined) {
        if (explain) leftOut.push({ id: row.id, reason });
        continue;
      }
      const numbers = { agent: agents.of(agentId), origin: origins.of(origin.origin) };
      candidates.push({ ...this.#candidate(row, agentId, origin, counted, numbers), taint });
    }
    await this.#pace.spend(ordered.length % rowsPerLook);
    return { candidates, leftOut, gained };
  }

  #tainted(
    rows: readonly CandidateRow[],
  ): ReadonlyMap<RecordId, TaintReason> | Promise<ReadonlyMap<RecordId, TaintReason>> {
    if (this.#taint === undefined) return nothingTainted;
    const ids = rows.map((row) => row.id);
    return this.#taint.tainted(ids, this.#moment.stamp);
  }

  #countedClass(
    row: CandidateRow,
    agent: AgentId,
    origin: ResolvedOrigin,
    suggested: string | undefined,
  ): CountedClass {
    const stated = row.classNumber === 0 ? undefined : this.#snapshot.className(row.classNumber);
    return this.#classes.count(classRequests(agent, stated, origin.cited, suggested));
  }

  #reasonToLeaveOut(
    row: CandidateRow,
    agentId: AgentId,
    counted: CountedClass,
  ): string | undefined {
    const asked = this.#question;
    if (asked.lifecycle === undefined) {
      if (inactive.has(row.lifecycle)) return `its lifecycle is "${row.lifecycle}"`;
    } else if (row.lifecycle !== asked.lifecycle) {
      return `its lifecycle is "${row.lifecycle}", not "${asked.lifecycle}"`;
    }
    if (asked.agentId !== undefined && agentId !== asked.agentId) return 'another agent states it';
    if (asked.sourceClass !== undefined && counted.name !== asked.sourceClass) {
      return `its class counts as "${counted.name}", not "${asked.sourceClass}"`;
    }
    if (asked.minConfidence !== undefined && row.confidence < asked.minConfidence) {
      return `its confidence ${row.confidence} is below ${asked.minConfidence}`;
    }
    if (asked.assertedAfterMs !== undefined && row.assertedMs <= asked.assertedAfterMs) {
      return 'it was asserted at or before asserted_after';
    }
    if (asked.assertedBeforeMs !== undefined && row.assertedMs >= asked.assertedBeforeMs) {
      return 'it was asserted at or after asserted_before';
    }
    if (asked.epoch !== undefined && this.#epochOf(row) !== asked.epoch) {
      return 'it belongs to another epoch or to none';
    }
    return undefined;
  }

  #epochOf(row: CandidateRow): RecordId | undefined {
    return row.epochNumber === 0 ? undefined : this.#snapshot.epoch(row.epochNumber);
  }

  #candidate(
    row: CandidateRow,
    agentId: AgentId,
    origin: ResolvedOrigin,
    counted: CountedClass,
    numbers: { readonly agent: number; readonly origin: number },
  ): Omit<WeighedCandidate, 'taint'> {
    const effectiveMs = Math.min(row.assertedMs, stampMs(row.stamp));
    return {
      id: row.id,
      valueKey: row.valueKey,
      agent: numbers.agent,
      origin: numbers.origin,
      tier: counted.tier,
      weight: toNano(counted.weight),
      confidence: this.#decayed(row.confidence, effectiveMs, counted),
      trust: this.#trust,
      effectiveMs,
      stamp: row.stamp,
      agentId,
      originName: origin.origin,
      statedClass: row.classNumber === 0 ? undefined : this.#snapshot.className(row.classNumber),
      counted,
      statedConfidence: row.confidence,
      lifecycle: row.lifecycle,
      assertedMs: row.assertedMs,
      hasReferences: row.hasReferences,
    };
  }

  #decayed(confidence: number, effectiveMs: number, counted: CountedClass): number {
    const decay = this.#question.decay ?? 'none';
    const halfLifeDays = decay === 'class' ? counted.halfLifeDays : decay;
    if (halfLifeDays === 'none') return toNano(confidence);
    const ageMs = Math.max(0, this.#moment.ms - effectiveMs);
    return decayNano(toNano(confidence), ageMs, halfLifeDays);
  }
}

/** Reads all rows of a pair, chunk by chunk, at the pace of the question. */
export const readRows = async (
  loader: CandidateLoader,
  pair: { readonly conceptPath: string; readonly predicate: string },
  asOf: HlcStamp,
  pace: Pace,
): Promise<readonly CandidateRow[]> => {
  const chunks: (readonly CandidateRow[])[] = [];
  for await (const chunk of loader.candidates(pair, asOf)) {
    chunks.push(chunk);
    await pace.spend(chunk.length);
  }
  return chunks.length === 1 ? (chunks[0] ?? []) : chunks.flat();
};
