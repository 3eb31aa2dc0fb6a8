/**
 * The votes on claims, read for a lens that counts them: those on the claim itself and on the
 * claims before it in its chain of transitions. A vote that was retracted is as if not there.
 *
 * Of each voter only the last vote for a value is kept, from the moment on at which it is read: a
 * question holds as many votes as there are voters, however often they voted. It reads a bounded
 * number, the earliest recorded, so that a later flood displaces nothing.
 */
import type { HlcStamp, RecordId, ValueKey } from '@stemedb/model';
import { kindNumber, stampMs } from '@stemedb/model';
import { toSignedNano } from '../lens/arithmetic.js';
import type { CandidateVote } from '../lens/lens.js';
import type { PlacedReference } from '../store/store.js';
import type { ClaimRules } from '../trust/rules.js';
import type { GatheredClaim } from './gathering.js';
import { rowsPerRecord } from './pace.js';
import type { Reading } from './readings.js';
import { Smallest } from './smallest.js';

/** Votes by the claim that they count for. */
type VotesByClaim = ReadonlyMap<RecordId, readonly CandidateVote[]>;

/** The votes that count for the claims of one pair. */
export interface CountedVotes {
  readonly byClaim: VotesByClaim;
  /** Number of a voter in the dictionary of agents. */
  agentNumberOf(voter: number): number;
  /** Votes that were not read, because there are more than one pair may have. */
  readonly leftOut: number;
}

/** Votes that are looked at together: whether they were retracted is asked of so many at once. */
const votesPerChunk = 1024;

/** A vote with the claim that it stands for. */
interface CastVote {
  readonly vote: CandidateVote;
  readonly claim: RecordId;
  readonly valueKey: ValueKey;
}

/** The last vote of each voter for each value, out of those that were added. */
class LastVotes {
  readonly #byValue = new Map<ValueKey, Map<number, CastVote>>();
  readonly #voters = new Map<number, number>();
  readonly #agentNumbers: number[] = [];

  /** Voters are numbered from 0 in the order in which they are met. */
  voterOf(agentNumber: number): number {
    const known = this.#voters.get(agentNumber);
    if (known !== undefined) return known;
    this.#voters.set(agentNumber, this.#agentNumbers.length);
    return this.#agentNumbers.push(agentNumber) - 1;
  }

  add(cast: CastVote): void {
    const { valueKey, vote } = cast;
    const lasts = this.#byValue.get(valueKey) ?? new Map<number, CastVote>();
    this.#byValue.set(valueKey, lasts);
    const known = lasts.get(vote.voter);
    if (known === undefined || isLater(cast, known)) lasts.set(vote.voter, cast);
  }

  counted(leftOut: number): CountedVotes {
    const byClaim = new Map<RecordId, CandidateVote[]>();
    for (const lasts of this.#byValue.values()) {
      for (const { claim, vote } of lasts.values()) {
        const votes = byClaim.get(claim);
        if (votes === undefined) byClaim.set(claim, [vote]);
        else votes.push(vote);
      }
    }
    const agentNumberOf = (voter: number): number => {
      const number = this.#agentNumbers[voter];
      if (number === undefined) throw new RangeError(`Nobody has the number ${voter}.`);
      return number;
    };
    return { byClaim, agentNumberOf, leftOut };
  }
}

/** By (effective time, id); should one vote stand with two claims, the smaller claim has it. */
const isLater = (one: CastVote, other: CastVote): boolean => {
  const [a, b] = [one.vote, other.vote];
  if (a.effectiveMs !== b.effectiveMs) return a.effectiveMs > b.effectiveMs;
  return a.id === b.id ? one.claim < other.claim : a.id > b.id;
};

/** A vote where it stands, with what it is about. */
interface PlacedVote extends PlacedReference {
  readonly claim: RecordId;
  readonly valueKey: ValueKey;
}

/** Reads the last votes for the claims of one pair, the earliest `votesMax` of all. */
export const votesOn = async (
  claims: readonly GatheredClaim[],
  reading: Reading,
  rules: ClaimRules,
  votesMax: number,
): Promise<CountedVotes> => {
  const all = await readVotes(claims, reading, rules, { votesMax });
  if (all !== undefined) return all.counted(0);
  const { total, last } = await earliest(claims, reading, votesMax);
  const first = await readVotes(claims, reading, rules, { votesMax, last });
  if (first === undefined) throw new Error(`Of ${total} votes no more than ${votesMax} are read.`);
  return first.counted(total - votesMax);
};

/** Where a vote stands among those recorded before and after it, on every node alike. */
const orderOf = (id: RecordId, stamp: HlcStamp): string => stamp + id;

/** Undefined when there are more than may be read; `last`: those that come later are not. */
const readVotes = async (
  claims: readonly GatheredClaim[],
  reading: Reading,
  rules: ClaimRules,
  limit: { readonly votesMax: number; readonly last?: string },
): Promise<LastVotes | undefined> => {
  const lasts = new LastVotes();
  let count = 0;
  let chunk: CastVote[] = [];
  for await (const placed of placedVotes(claims, reading)) {
    if (limit.last !== undefined && orderOf(placed.id, placed.place.stamp) > limit.last) continue;
    count += 1;
    if (count > limit.votesMax) return undefined;
    await reading.pace.spend(rowsPerRecord);
    const cast = readVote(placed, reading, lasts);
    if (cast === undefined) continue;
    chunk.push(cast);
    if (chunk.length < votesPerChunk) continue;
    await addStanding(chunk, reading, rules, lasts);
    chunk = [];
  }
  await addStanding(chunk, reading, rules, lasts);
  return lasts;
};

/** Every vote that is known at the moment, in no order. */
async function* placedVotes(
  claims: readonly GatheredClaim[],
  { snapshot, moment, pace }: Reading,
): AsyncGenerator<PlacedVote, void, void> {
  for (const { row, standing } of claims) {
    await pace.spend(1);
    for (const target of [row.id, ...(standing?.transitionsOf ?? [])]) {
      for (const vote of snapshot.dependants(target, 'vote')) {
        await pace.spend(1);
        if (vote.place.stamp > moment.stamp) continue;
        yield { ...vote, claim: row.id, valueKey: row.valueKey };
      }
    }
  }
}

const readVote = (
  { id, place, agentNumber, claim, valueKey }: PlacedVote,
  { reader, moment }: Reading,
  lasts: LastVotes,
): CastVote | undefined => {
  const content = reader.content(id, moment.stamp, kindNumber.vote);
  if (content?.kind !== 'vote') return undefined;
  const effectiveMs = Math.min(content.asserted_at, stampMs(place.stamp));
  const weight = toSignedNano(content.weight);
  return { vote: { voter: lasts.voterOf(agentNumber), weight, effectiveMs, id }, claim, valueKey };
};

/** Adds those that nobody took back. */
const addStanding = async (
  chunk: readonly CastVote[],
  { moment }: Reading,
  { taint }: ClaimRules,
  lasts: LastVotes,
): Promise<void> => {
  const ids = chunk.map(({ vote }) => vote.id);
  const taints = chunk.length === 0 ? undefined : await taint?.tainted(ids, moment.stamp, never);
  for (const cast of chunk) if (taints?.get(cast.vote.id)?.out !== true) lasts.add(cast);
};

/** A vote rests on nothing. */
const never = (): boolean => false;

/** How many votes there are, and the last of the earliest ones. One number is held for each. */
const earliest = async (
  claims: readonly GatheredClaim[],
  reading: Reading,
  votesMax: number,
): Promise<{ readonly total: number; readonly last: string }> => {
  const found: number[] = [];
  for await (const { place } of placedVotes(claims, reading)) found.push(stampMs(place.stamp));
  const times = Float64Array.from(found).sort();
  const lastMs = times[votesMax - 1] ?? 0;
  const before = times.indexOf(lastMs);
  const atLast = new Smallest<string>(votesMax - before);
  for await (const { id, place } of placedVotes(claims, reading)) {
    if (stampMs(place.stamp) !== lastMs) continue;
    atLast.add(orderOf(id, place.stamp), orderOf(id, place.stamp));
  }
  const last = atLast.values().at(-1);
  if (last === undefined)
    throw new Error(`There are ${times.length} votes, none of them the last.`);
  return { total: times.length, last };
};
