/**
 * From gathered claims to candidates: filters, and every factor taken from the records and the
 * policy as of the moment asked. What a filter or a rule leaves out is kept with the reason when
 * the question wants an explanation.
 *
 * Of a claim that is a transition, id and lifecycle are its own; all factors and the voice are
 * those of the first claim of its chain, so approving a claim adds no voice.
 */
import type { AgentId, Lifecycle, RecordId } from '@stemedb/model';
import { stampMs } from '@stemedb/model';
import { decayNano, toNano } from '../lens/arithmetic.js';
import type { Candidate, CandidateVote, Lens, Nano } from '../lens/lens.js';
import type { CandidateRow } from '../store/candidate_loader.js';
import type { StoreSnapshot } from '../store/store.js';
import type { ClaimRules } from '../trust/rules.js';
import {
  type ClassRequest,
  type ClassTable,
  type CountedClass,
  classTableOf,
} from '../trust/source_class.js';
import type { TaintReason } from '../trust/taint.js';
import { type CountedVotes, votesOn } from './cast_votes.js';
import type { QueryLimits } from './collaborators.js';
import { type FilteredClaim, reasonToLeaveOut } from './filters.js';
import type { GatheredClaim } from './gathering.js';
import type { KnownSource } from './origins.js';
import type { Question } from './question.js';
import type { Reading } from './readings.js';

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
  readonly conceptPath: string;
  /** The first claim of its chain, when it is a transition of another. */
  readonly voiceOf: RecordId | undefined;
  readonly agentId: AgentId;
  readonly originName: string;
  readonly statedClass: string | undefined;
  readonly counted: CountedClass;
  readonly statedConfidence: number;
  readonly lifecycle: Lifecycle;
  /** True when the claim itself names other records, which may be unknown. */
  readonly hasReferences: boolean;
  /** What the reader of this claim should know of its premises, when anything. */
  readonly taint: TaintReason | undefined;
  /** With an explanation: the last votes of its voters that are for it. */
  readonly castVotes: readonly CastVote[];
}

interface CastVote extends CandidateVote {
  readonly agentId: AgentId;
}

interface LeftOut {
  readonly id: RecordId;
  readonly reason: string;
}

export interface CandidateSet {
  readonly candidates: readonly WeighedCandidate[];
  /** Only when the question wants an explanation. */
  readonly leftOut: readonly LeftOut[];
  /** True when the pair gained a record after the question's `since`. */
  readonly gained: boolean;
  /** Votes that were not read, because there are too many. */
  readonly votesLeftOut: number;
}

/** Speakers with whom a question goes on to its next pair; beyond it all are found anew. */
const speakersKeptMax = 16_384;

/** Claims that are weighed between two looks at the pace of the question. */
const claimsPerLook = 512;

const nothingTainted: ReadonlyMap<RecordId, TaintReason> = new Map();
const noEpoch = { epoch: undefined, epochSupersededBy: undefined };
const noCastVotes: readonly CastVote[] = [];

/** Numbers for names, given out in the order in which they are first met. */
class Numbering {
  readonly #numbers = new Map<string, number>();

  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

/** Numbers of one pair's agents and origins. */
class Numberings {
  readonly agents = new Numbering();
  readonly origins = new Numbering();
}

/** What follows from who states a claim, with which origin and as what. */
interface Speaker {
  readonly agentId: AgentId;
  readonly origin: string;
  /** Number of the origin in the question. */
  readonly originAt: number;
  readonly statedClass: string | undefined;
  readonly counted: CountedClass;
  readonly weight: Nano;
  readonly trust: Nano;
}

/** What is found out once for a key and remembered for the question. */
class Found<Key, Value> {
  readonly #known = new Map<Key, Value>();

  of(key: Key, find: () => Value): Value {
    const known = this.#known.get(key);
    if (known !== undefined || this.#known.has(key)) return known as Value;
    const found = find();
    this.#known.set(key, found);
    return found;
  }
}

/** Speakers of concepts that suggest one class: few rows differ in what they are made of. */
class Speakers {
  /** By the number of the stated class, then by that of the origin, which is its author's own. */
  readonly #byClass = new Map<number, Map<number, Speaker>>();

  get({ classNumber, originNumber }: CandidateRow): Speaker | undefined {
    return this.#byClass.get(classNumber)?.get(originNumber);
  }

  set({ classNumber, originNumber }: CandidateRow, speaker: Speaker): void {
    const byOrigin = this.#byClass.get(classNumber);
    if (byOrigin === undefined) this.#byClass.set(classNumber, new Map([[originNumber, speaker]]));
    else byOrigin.set(originNumber, speaker);
  }
}

/** Weighs the claims of one question; one for all its pairs. */
export class CandidateWeigher {
  readonly #question: Question;
  readonly #lens: Lens;
  readonly #reading: Reading;
  readonly #rules: ClaimRules;
  readonly #limits: QueryLimits;
  readonly #snapshot: StoreSnapshot;
  readonly #classes: ClassTable;
  readonly #readsTrust: boolean;
  readonly #initialTrust: Nano;
  #trust = new Found<AgentId, Nano>();
  /** By the class that the concept suggests. */
  #speakers = new Found<string | undefined, Speakers>();
  #speakersCount = 0;
  #origins = new Numbering();
  /** Of the claim weighed last, with the class that it suggests and the speakers of those. */
  #conceptPath: string | undefined;
  #suggested: string | undefined;
  #ofConcept = new Speakers();
  readonly #epochs = new Found<number, Pick<FilteredClaim, 'epoch' | 'epochSupersededBy'>>();

  constructor(parts: {
    readonly question: Question;
    readonly lens: Lens;
    readonly reading: Reading;
    readonly rules: ClaimRules;
    readonly limits: QueryLimits;
  }) {
    const { question, lens, reading, rules, limits } = parts;
    this.#limits = limits;
    this.#question = question;
    this.#lens = lens;
    this.#reading = reading;
    this.#rules = rules;
    this.#snapshot = reading.snapshot;
    this.#classes = classTableOf(reading.policy);
    // Trust is a fold over verdicts, so nobody pays for it who does not read it.
    this.#readsTrust =
      lens.usesTrust === true || question.minTrust !== undefined || question.explain === true;
    this.#initialTrust = toNano(reading.policy.table.trust.initial);
  }

  get classes(): ClassTable {
    return this.#classes;
  }

  /** Weighs the claims of one pair. Where an explanation shows numbers of agents and origins they
   * are the pair's own, by the order of claim ids, so that it reads the same wherever and in
   * whatever order the records arrived. */
  async weigh(claims: readonly GatheredClaim[]): Promise<CandidateSet> {
    const { pace } = this.#reading;
    const { sinceMs, explain } = this.#question;
    if (this.#speakersCount > speakersKeptMax) this.#forget();
    if (this.#readsTrust) await this.#rules.readTrust();
    const taints = this.#rules.taint === undefined ? nothingTainted : await this.#tainted(claims);
    const ordered = explain === true ? [...claims].sort(byId) : claims;
    const numbers = explain === true ? new Numberings() : undefined;
    const gained = sinceMs === undefined || claims.some(({ row }) => stampMs(row.stamp) > sinceMs);
    const taken: GatheredClaim[] = [];
    const candidates: WeighedCandidate[] = [];
    const leftOut: LeftOut[] = [];
    for (let at = 0; at < ordered.length; at += 1) {
      if (at % claimsPerLook === claimsPerLook - 1) await pace.spend(claimsPerLook);
      const claim = ordered[at] as GatheredClaim;
      const speaker = this.#speaker(claim);
      const filtered = this.#filtered(claim, speaker, taints);
      const reason = reasonToLeaveOut(this.#question, filtered);
      if (reason === undefined) {
        if (this.#lens.usesVotes === true) taken.push(claim);
        candidates.push(this.#candidate(claim, filtered, speaker, numbers));
      } else if (explain === true) leftOut.push({ id: claim.row.id, reason });
    }
    const turn = pace.spend(ordered.length % claimsPerLook);
    if (turn !== undefined) await turn;
    if (taken.length === 0) return { candidates, leftOut, gained, votesLeftOut: 0 };
    const votes = await votesOn(taken, this.#reading, this.#rules, this.#limits.votesMax);
    const voted = candidates.map((candidate) => this.#voted(candidate, votes));
    return { candidates: voted, leftOut, gained, votesLeftOut: votes.leftOut };
  }

  /** Between two pairs, so that a question over many wide ones holds no more than it weighs. */
  #forget(): void {
    this.#trust = new Found();
    this.#speakers = new Found();
    this.#speakersCount = 0;
    this.#origins = new Numbering();
    this.#conceptPath = undefined;
  }

  #tainted(claims: readonly GatheredClaim[]): Promise<ReadonlyMap<RecordId, TaintReason>> {
    const { taint } = this.#rules;
    if (taint === undefined) return Promise.resolve(nothingTainted);
    const ids = claims.map(({ row }) => row.id);
    const resting = new Set<RecordId>();
    for (const { row } of claims) if (row.hasReferences || row.hasParent) resting.add(row.id);
    return taint.tainted(ids, this.#reading.moment.stamp, (id) => resting.has(id));
  }

  #speaker({ voice, conceptPath }: GatheredClaim): Speaker {
    // Claims of one concept come one after the other.
    if (this.#conceptPath !== conceptPath) {
      this.#conceptPath = conceptPath;
      this.#suggested = this.#classes.suggestedBy(conceptPath);
      this.#ofConcept = this.#speakers.of(this.#suggested, () => new Speakers());
    }
    const known = this.#ofConcept.get(voice);
    if (known !== undefined) return known;
    const found = this.#speakerOf(voice, this.#suggested);
    this.#ofConcept.set(voice, found);
    this.#speakersCount += 1;
    return found;
  }

  #filtered(
    { row, voice, standing }: GatheredClaim,
    { agentId, counted, trust }: Speaker,
    taints: ReadonlyMap<RecordId, TaintReason>,
  ): FilteredClaim {
    const { epochNumber, confidence, assertedMs } = voice;
    const { epoch, epochSupersededBy } = epochNumber === 0 ? noEpoch : this.#epochOf(epochNumber);
    return {
      agentId,
      counted,
      confidence,
      assertedMs,
      lifecycle: standing?.lifecycle ?? row.lifecycle,
      epoch,
      epochSupersededBy,
      succeededBy: standing?.succeededBy,
      taint: taints.size === 0 ? undefined : taints.get(row.id),
      trust,
    };
  }

  #speakerOf({ originNumber, classNumber }: CandidateRow, suggested: string | undefined): Speaker {
    const { agent: agentId, origin, cited } = this.#reading.origins.resolve(originNumber);
    const statedClass = classNumber === 0 ? undefined : this.#snapshot.className(classNumber);
    const asks = statedClass !== undefined || cited !== undefined || suggested !== undefined;
    const counted = asks
      ? this.#classes.count(classRequests(agentId, statedClass, cited, suggested))
      : this.#classes.unasked;
    return {
      agentId,
      origin,
      originAt: this.#origins.of(origin),
      statedClass,
      counted,
      weight: toNano(counted.weight),
      trust: this.#trustIn(agentId),
    };
  }

  #epochOf(number: number): Pick<FilteredClaim, 'epoch' | 'epochSupersededBy'> {
    return this.#epochs.of(number, () => {
      const epoch = this.#snapshot.epoch(number);
      const epochSupersededBy =
        epoch === undefined ? undefined : this.#rules.epochSupersededBy(epoch);
      return { epoch, epochSupersededBy };
    });
  }

  #trustIn(agent: AgentId): Nano {
    if (!this.#readsTrust) return this.#initialTrust;
    return this.#trust.of(agent, () => this.#rules.trustOf(agent));
  }

  #candidate(
    { row, voice, conceptPath }: GatheredClaim,
    { lifecycle, taint }: FilteredClaim,
    speaker: Speaker,
    numbers: Numberings | undefined,
  ): WeighedCandidate {
    const { agentId, origin: originName, statedClass, counted, weight, trust } = speaker;
    const effectiveMs = Math.min(voice.assertedMs, stampMs(voice.stamp));
    return {
      id: row.id,
      home: row.sequence,
      valueKey: row.valueKey,
      agent: numbers === undefined ? voice.agentNumber : numbers.agents.of(agentId),
      origin: numbers === undefined ? speaker.originAt : numbers.origins.of(originName),
      tier: counted.tier,
      weight,
      confidence: this.#decayed(voice.confidence, effectiveMs, counted),
      trust,
      effectiveMs,
      stamp: voice.stamp,
      conceptPath,
      voiceOf: voice === row ? undefined : voice.id,
      agentId,
      originName,
      statedClass,
      counted,
      statedConfidence: voice.confidence,
      lifecycle,
      hasReferences: row.hasReferences || row.hasParent,
      taint,
      castVotes: noCastVotes,
    };
  }

  #voted(candidate: WeighedCandidate, { byClaim, agentNumberOf }: CountedVotes): WeighedCandidate {
    const votes = byClaim.get(candidate.id);
    if (votes === undefined) return candidate;
    const agentOf = ({ voter }: CandidateVote): AgentId =>
      this.#snapshot.agent(agentNumberOf(voter));
    const isShown = this.#question.explain === true;
    const castVotes = isShown ? votes.map((vote) => ({ ...vote, agentId: agentOf(vote) })) : [];
    return { ...candidate, votes, castVotes };
  }

  #decayed(confidence: number, effectiveMs: number, counted: CountedClass): Nano {
    const decay = this.#question.decay ?? 'none';
    const halfLifeDays = decay === 'class' ? counted.halfLifeDays : decay;
    if (halfLifeDays === 'none') return toNano(confidence);
    const ageMs = Math.max(0, this.#reading.moment.ms - effectiveMs);
    return decayNano(toNano(confidence), ageMs, halfLifeDays);
  }
}

const byId = (one: GatheredClaim, other: GatheredClaim): number =>
  one.row.id < other.row.id ? -1 : 1;
