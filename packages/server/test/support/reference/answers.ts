/** What the reference expects of answers: the candidates of a question, their factors, votes. */
import type { AgentId, Lifecycle, RecordId } from '@stemedb/model';
import { stampMs } from '@stemedb/model';
import type { MergeRecord } from '../../../src/ingest/ingest.js';
import { type ContentOf, effectiveMsOf, type Known, lastOf, ReferenceRecords } from './records.js';
import { type Out, ReferenceStandings } from './standings.js';

export interface ExpectedCandidate {
  readonly assertion: RecordId;
  readonly agent_id: AgentId;
  readonly lifecycle: Lifecycle;
  readonly confidence: number;
  /** RFC 3339 with milliseconds. */
  readonly effective_time: string;
  readonly trust: number;
}

export interface ExpectedQuestion {
  readonly conceptPath: string;
  readonly aliases?: 'effective' | 'all' | 'none';
  readonly includeSuperseded?: boolean;
  readonly onRetracted?: 'exclude' | 'warn';
  readonly lifecycle?: Lifecycle;
}

type Claim = Known<ContentOf<'assertion'>>;
const dayMs = 86_400_000;
const inactive: readonly string[] = ['rejected', 'deprecated'];

export class ReferenceAnswers {
  readonly records: ReferenceRecords;
  readonly standings: ReferenceStandings;
  readonly #momentMs: number;
  readonly #trust = new Map<AgentId, number>();

  /** Over all records that were told, as of a moment. */
  constructor(records: readonly MergeRecord[], asOf: ReferenceRecords['asOf']) {
    this.records = new ReferenceRecords(records, asOf);
    this.standings = new ReferenceStandings(this.records);
    this.#momentMs = stampMs(asOf);
  }

  /** Candidates by predicate, each by claim id. */
  candidates(asked: ExpectedQuestion): ReadonlyMap<string, readonly ExpectedCandidate[]> {
    const paths = this.records.joined(asked.conceptPath, asked.aliases ?? 'effective');
    const found = new Map<string, ExpectedCandidate[]>();
    for (const claim of this.records.ofKind('assertion')) {
      const { concept_path, predicate } = claim.content;
      if (!paths.has(concept_path) || !this.#takesPart(claim, asked)) continue;
      const list = found.get(predicate) ?? [];
      found.set(predicate, [...list, this.#expected(claim)]);
    }
    for (const list of found.values()) list.sort((a, b) => (a.assertion < b.assertion ? -1 : 1));
    return found;
  }

  /** The pairs below a prefix that have claims of their own, and candidates. */
  pairsBelow(prefix: string): readonly string[] {
    const own = this.records.ofKind('assertion').map((claim) => claim.content);
    const below = own.filter(
      ({ concept_path: path }) => path === prefix || path.startsWith(`${prefix}/`),
    );
    const answered = below.filter(({ concept_path: conceptPath, predicate }) =>
      this.candidates({ conceptPath }).has(predicate),
    );
    return [...new Set(answered.map((one) => `${one.concept_path} ${one.predicate}`))];
  }

  #takesPart(claim: Claim, asked: ExpectedQuestion): boolean {
    const { standings, records } = this;
    const { lifecycle } = standings.relation(claim);
    if (asked.lifecycle === undefined && inactive.includes(lifecycle)) return false;
    if (asked.lifecycle !== undefined && asked.lifecycle !== lifecycle) return false;
    const superseded = asked.includeSuperseded === true;
    const isBack = (out: Out): boolean =>
      out === 'replace' ? superseded : asked.onRetracted === 'warn';
    if (!standings.outBy(claim).every(isBack)) return false;
    if (superseded) return true;
    const { epoch } = standings.voice(claim).content;
    if (epoch !== undefined && records.isEpochOut(epoch)) return false;
    return !standings.isSucceeded(claim);
  }

  #expected(claim: Claim): ExpectedCandidate {
    const voice = this.standings.voice(claim);
    const { content } = voice;
    return {
      assertion: claim.id,
      agent_id: content.agent_id,
      lifecycle: this.standings.relation(claim).lifecycle,
      confidence: content.confidence ?? 1,
      effective_time: new Date(effectiveMsOf(voice)).toISOString(),
      trust: this.trust(content.agent_id),
    };
  }

  /** The trust in an agent at the moment, as a fraction. */
  trust(agent: AgentId): number {
    const known = this.#trust.get(agent);
    if (known !== undefined) return known;
    const found = this.#fold(agent);
    this.#trust.set(agent, found);
    return found;
  }

  #fold(agent: AgentId): number {
    const { trust: constants } = this.records.policyAt(this.records.asOf);
    const { initial, accurate, inaccurate, half_life_days } = constants;
    const drifted = (from: number, ms: number): number =>
      initial + (from - initial) * 2 ** (-Math.max(0, ms) / (half_life_days * dayMs));
    let trust = initial;
    let lastMs: number | undefined;
    for (const verdict of this.#verdictsOn(agent)) {
      const ms = effectiveMsOf(verdict);
      const step = verdict.content.outcome === 'accurate' ? accurate : inaccurate;
      const before = lastMs === undefined ? trust : drifted(trust, ms - lastMs);
      trust = Math.min(1, Math.max(0, before + step));
      lastMs = ms;
    }
    return lastMs === undefined ? trust : drifted(trust, this.#momentMs - lastMs);
  }

  /** The verdicts that count for an agent, oldest first. */
  #verdictsOn(agent: AgentId): readonly Known<ContentOf<'verdict'>>[] {
    const { records } = this;
    const voiceOf = (target: RecordId): RecordId | undefined => {
      const claim = records.claim(target);
      return claim === undefined ? undefined : this.standings.voice(claim).id;
    };
    const verdicts = records.ofKind('verdict').filter((one) => this.doesVerdictCount(one));
    const counted = records
      .ofKind('assertion')
      .flatMap(({ id }) => {
        const last = lastOf(verdicts.filter((one) => voiceOf(one.content.target) === id));
        return last === undefined ? [] : [last];
      })
      .filter((verdict) => this.#isJudged(agent, verdict));
    const sorted: Known<ContentOf<'verdict'>>[] = [];
    for (let left = counted; left.length > 0; left = left.filter((one) => one !== sorted[0])) {
      const last = lastOf(left);
      if (last !== undefined) sorted.unshift(last);
    }
    return sorted;
  }

  doesVerdictCount({ id, stamp, content }: Known<ContentOf<'verdict'>>): boolean {
    const { verdict_agents } = this.records.policyAt(stamp);
    return (
      verdict_agents.includes(content.agent_id) &&
      this.records.claim(content.target) !== undefined &&
      this.records.wordOn(id) === undefined
    );
  }

  /** Judged are the first author of the chain and those who signed what others stated of it. */
  #isJudged(agent: AgentId, { stamp, content }: Known<ContentOf<'verdict'>>): boolean {
    const target = this.records.claim(content.target);
    if (target === undefined) return false;
    if (this.standings.voice(target).content.agent_id === agent) return true;
    const signed = this.standings.chain(target).filter((one) => one.content.agent_id !== agent);
    return this.records
      .ofKind('attestation')
      .some(
        (one) =>
          signed.some(({ id }) => id === one.content.target) &&
          one.content.agent_id === agent &&
          one.stamp < stamp,
      );
  }

  /** The sum of the voters' last votes on a value, of which these are the candidates. */
  votes(candidates: readonly RecordId[]): { readonly sum: number; readonly voters: number } {
    const { records, standings } = this;
    const targets = new Set(
      candidates.flatMap((id) => {
        const claim = records.claim(id);
        return claim === undefined ? [] : standings.chain(claim).map((one) => one.id);
      }),
    );
    const cast = records
      .ofKind('vote')
      .filter((vote) => targets.has(vote.content.target) && records.wordOn(vote.id) === undefined);
    const voters = new Set(cast.map((vote) => vote.content.agent_id));
    const weights = [...voters].map(
      (voter) =>
        lastOf(cast.filter((vote) => vote.content.agent_id === voter))?.content.weight ?? 0,
    );
    const counted = weights.filter((weight) => weight !== 0);
    return { sum: counted.reduce((sum, weight) => sum + weight, 0), voters: counted.length };
  }
}
