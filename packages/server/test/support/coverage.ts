/**
 * What random histories have exercised: counted by name, printed at the end of the test, and held
 * against the names that must have been met at least once.
 */
import { type RecordId, recordIdOf, recordKinds } from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { ReferenceAnswers } from './reference/answers.js';
import { type ContentOf, type Known, lastOf } from './reference/records.js';

export class Coverage {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** Those of the names that were never met. */
  missing(names: readonly string[]): readonly string[] {
    return names.filter((name) => (this.#counts.get(name) ?? 0) === 0);
  }

  /** One line a name. */
  lines(): readonly string[] {
    const names = [...this.#counts.keys()].sort();
    return names.map((name) => `${name}: ${this.#counts.get(name)}`);
  }
}

/** Everything that histories must have met, beside each kind and what each kind changes. */
export const effects: readonly string[] = [
  'alias: effective',
  'alias: not effective',
  'alias: superseded',
  'claim: in an epoch that is superseded',
  'claim: of a state without the right to it',
  'claim: out by cascade',
  'claim: out by cascade over two premises',
  'claim: out by replace',
  'claim: out by retract',
  'claim: succeeded',
  'claim: with more than 64 premises in a chain',
  'child: independent',
  'child: revision',
  'child: transition',
  'epoch: supersedes with the right to it',
  'epoch: supersedes without the right to it',
  'pair: with aliases',
  'pair: with votes',
  'pair: with revisions',
  'policy: in force after another',
  'record: back-dated',
  'record: in one millisecond with another',
  'record: twice with different stamps',
  'replaced there and back',
  'restored',
  'supersession: effective',
  'supersession: not effective',
  'verdict: counts',
  'verdict: does not count',
  'verdict: counts for a co-signer',
  'vote: counts',
  'vote: of one voter on several claims of a value',
  'vote: superseded',
  'vote: withdrawn',
];

type Claim = Known<ContentOf<'assertion'>>;

/** Counts what one history holds, as the reference sees it at its end. */
export class HistoryCounts {
  readonly #coverage: Coverage;
  readonly #told: readonly MergeRecord[];
  readonly #reference: ReferenceAnswers;

  constructor(coverage: Coverage, told: readonly MergeRecord[]) {
    const end = told
      .map((record) => record.stamp)
      .sort()
      .at(-1);
    if (end === undefined) throw new RangeError('There is nothing to count.');
    this.#coverage = coverage;
    this.#told = told;
    this.#reference = new ReferenceAnswers(told, end);
  }

  count(): void {
    this.#countRecords();
    this.#countSupersessions();
    this.#countOthers();
    for (const claim of this.#reference.records.ofKind('assertion')) this.#countClaim(claim);
    this.#countPairs();
  }

  #when(name: string, condition: boolean): void {
    if (condition) this.#coverage.add(name);
  }

  #either(condition: boolean, yes: string, no: string): void {
    this.#coverage.add(condition ? yes : no);
  }

  #countRecords(): void {
    const { records } = this.#reference;
    const milliseconds = new Set<string>();
    let known = 0;
    for (const kind of recordKinds) {
      for (const one of records.ofKind(kind)) {
        known += 1;
        this.#coverage.add(`kind: ${kind}`);
        const ms = one.stamp.slice(0, 12);
        this.#when('record: in one millisecond with another', milliseconds.has(ms));
        milliseconds.add(ms);
        const asserted = 'asserted_at' in one.content ? one.content.asserted_at : undefined;
        const isBackDated = asserted !== undefined && asserted < Number.parseInt(ms, 16);
        this.#when('record: back-dated', isBackDated);
      }
    }
    const stamped = new Set(this.#told.map(({ bytes, stamp }) => `${recordIdOf(bytes)} ${stamp}`));
    this.#coverage.add('record: twice with different stamps', stamped.size - known);
    const changes = records.ofKind('policy').filter(({ id, stamp }) => {
      const policies = records.ofKind('policy').filter((one) => one.stamp <= stamp);
      return policies.length > 1 && lastOf(policies)?.id === id;
    });
    this.#coverage.add('policy: in force after another', changes.length);
  }

  #countSupersessions(): void {
    const { records } = this.#reference;
    for (const { stamp, content } of records.ofKind('supersession')) {
      const owner = records.ownerOf(content.target);
      if (owner === undefined) continue;
      const may = records.maySupersede(content.agent_id, stamp, owner);
      this.#either(may, 'supersession: effective', 'supersession: not effective');
      const isIn = records.wordOn(content.target) === undefined;
      this.#when('restored', may && content.action === 'restore' && isIn);
      const { target, replacement } = content;
      const back = records
        .ofKind('supersession')
        .some((two) => two.content.replacement === target && two.content.target === replacement);
      this.#when('replaced there and back', may && isIn && back);
    }
  }

  #countOthers(): void {
    const { records } = this.#reference;
    for (const { stamp, content } of records.ofKind('epoch')) {
      for (const older of content.supersedes ?? []) {
        const owner = records.ownerOf(older);
        if (owner === undefined) continue;
        const may = records.maySupersede(content.agent_id, stamp, owner);
        this.#either(
          may,
          'epoch: supersedes with the right to it',
          'epoch: supersedes without the right to it',
        );
      }
    }
    for (const alias of records.ofKind('alias')) {
      const effective = records.isAliasEffective(alias);
      this.#either(effective, 'alias: effective', 'alias: not effective');
      this.#when('alias: superseded', records.wordOn(alias.id) !== undefined);
    }
    for (const verdict of records.ofKind('verdict')) {
      const counts = this.#reference.doesVerdictCount(verdict);
      this.#either(counts, 'verdict: counts', 'verdict: does not count');
      const coSigned = this.#signers(verdict.content.target).some(({ stamp, content }) => {
        const author = records.get(verdict.content.target)?.content.agent_id;
        return content.agent_id !== author && stamp < verdict.stamp;
      });
      this.#when('verdict: counts for a co-signer', counts && coSigned);
    }
    for (const { id, content } of records.ofKind('vote')) {
      const out = records.wordOn(id) !== undefined;
      this.#either(out, 'vote: superseded', 'vote: counts');
      this.#when('vote: withdrawn', !out && content.weight === 0);
    }
  }

  #signers(target: RecordId): readonly Known<ContentOf<'attestation'>>[] {
    const all = this.#reference.records.ofKind('attestation');
    return all.filter((one) => one.content.target === target);
  }

  #countClaim(claim: Claim): void {
    const { records, standings } = this.#reference;
    const { kind, lifecycle } = standings.relation(claim);
    if (records.claim(claim.content.parent) !== undefined) {
      this.#coverage.add(`child: ${kind === 'none' ? 'independent' : kind}`);
    }
    const stated = claim.content.lifecycle ?? 'proposed';
    this.#when('claim: of a state without the right to it', stated !== lifecycle);
    const outs = standings.outBy(claim);
    for (const out of new Set(outs)) this.#coverage.add(`claim: out by ${out}`);
    const fallen = standings.premises(claim.id).filter((id) => {
      const premise = records.claim(id);
      return premise !== undefined && standings.outBy(premise).some((out) => out !== 'replace');
    });
    this.#when('claim: out by cascade over two premises', fallen.length > 1);
    const { epoch } = claim.content;
    const isEpochOut = epoch !== undefined && records.isEpochOut(epoch);
    this.#when('claim: in an epoch that is superseded', isEpochOut);
    this.#when('claim: succeeded', outs.length === 0 && standings.isSucceeded(claim));
    this.#when('claim: with more than 64 premises in a chain', this.#depth(claim.id) > 64);
  }

  readonly #depths = new Map<RecordId, number>();

  #depth(id: RecordId): number {
    const known = this.#depths.get(id);
    if (known !== undefined) return known;
    const above = this.#reference.standings.premises(id).map((one) => 1 + this.#depth(one));
    const depth = Math.max(0, ...above);
    this.#depths.set(id, depth);
    return depth;
  }

  #countPairs(): void {
    const { records, standings } = this.#reference;
    const pairs = new Map<string, Claim[]>();
    for (const claim of records.ofKind('assertion')) {
      const key = `${claim.content.concept_path} ${claim.content.predicate}`;
      pairs.set(key, [...(pairs.get(key) ?? []), claim]);
    }
    const votes = records.ofKind('vote');
    for (const claims of pairs.values()) {
      const [first] = claims;
      if (first === undefined) continue;
      this.#coverage.add('pair: all');
      const joined = records.joined(first.content.concept_path, 'effective');
      this.#when('pair: with aliases', joined.size > 1);
      const revised = claims.some((claim) => standings.relation(claim).kind !== 'none');
      this.#when('pair: with revisions', revised);
      const ids = new Set(claims.map((claim) => claim.id));
      const cast = votes.filter((vote) => ids.has(vote.content.target));
      this.#when('pair: with votes', cast.length > 0);
      const voted = new Set(cast.map(({ content }) => `${content.agent_id} ${content.target}`));
      const valued = [...voted].map((one) => {
        const [voter, target] = one.split(' ');
        return `${voter} ${JSON.stringify(records.claim(target as RecordId)?.content.value)}`;
      });
      const several = new Set(valued).size < valued.length;
      this.#when('vote: of one voter on several claims of a value', several);
    }
  }
}
