/**
 * The pairs whose answer may rest on one of some claims: their own, and the same predicate of every
 * concept that aliases join to theirs, over however many steps. A question reads at most 64 joined
 * concepts, and which those are depends on where it begins: so a claim that its own concept reaches
 * late may be one of the first that another concept reads. Only the whole of what is joined is sure
 * to hold every pair that reads the claim.
 */
import type { Outcome } from '@stemedb/model';
import { fail, ok } from '@stemedb/model';
import type { Pair } from '../store/candidate_loader.js';
import type { Dependant } from './dependants.js';
import { rowsPerPair } from './pace.js';
import type { Reading } from './readings.js';

/** Where a pair stands among others: bytewise by path, then by predicate. */
export const pairOrder = ({ conceptPath, predicate }: Pair): Buffer =>
  Buffer.from(`${conceptPath}\0${predicate}`);

/** Concepts that are joined to each other, with the predicates of the claims about any of them. */
interface Joined {
  readonly paths: readonly string[];
  readonly predicates: Set<string>;
}

class Affected {
  readonly #reading: Reading;
  readonly #joinedOf = new Map<string, Joined>();
  readonly #all: Joined[] = [];
  #left: number;

  /** `left`: concepts and pairs that may be looked at. */
  constructor(reading: Reading, left: number) {
    this.#reading = reading;
    this.#left = left;
  }

  /** False when there is more than may be looked at. */
  async add({ conceptPath, predicate }: Dependant): Promise<boolean> {
    await this.#reading.pace.spend(1);
    const joined = this.#joinedOf.get(conceptPath) ?? (await this.#walk(conceptPath));
    if (joined === undefined) return false;
    if (joined.predicates.has(predicate)) return true;
    joined.predicates.add(predicate);
    this.#left -= joined.paths.length;
    return this.#left >= 0;
  }

  /** Everything that is joined to a concept. */
  async #walk(from: string): Promise<Joined | undefined> {
    const { rules, pace } = this.#reading;
    const seen = new Set([from]);
    for (const path of seen) {
      await pace.spend(rowsPerPair);
      for (const neighbour of rules.joinedDirectly(path)) {
        await pace.spend(1);
        if (neighbour !== undefined) seen.add(neighbour);
        if (seen.size > this.#left) return undefined;
      }
    }
    this.#left -= seen.size;
    const joined: Joined = { paths: [...seen], predicates: new Set() };
    for (const path of seen) this.#joinedOf.set(path, joined);
    this.#all.push(joined);
    return joined;
  }

  /** Every pair, in order. */
  async pairs(): Promise<readonly Pair[]> {
    const { pace } = this.#reading;
    const found: { readonly pair: Pair; readonly key: Buffer }[] = [];
    for (const { paths, predicates } of this.#all) {
      for (const conceptPath of paths) {
        for (const predicate of predicates) {
          await pace.spend(1);
          const pair = { conceptPath, predicate };
          found.push({ pair, key: pairOrder(pair) });
        }
      }
    }
    return found.sort((one, other) => Buffer.compare(one.key, other.key)).map(({ pair }) => pair);
  }
}

/** The pairs of the claims and those that are joined to theirs, in order; `too_many_dependants`
 * when more than `max` concepts and pairs come to the claims. */
export const affectedPairs = async (
  reading: Reading,
  claims: readonly Dependant[],
  max: number,
): Promise<Outcome<readonly Pair[]>> => {
  // The concept and the pair of a claim are counted with it, when it is walked over.
  const affected = new Affected(reading, max + claims.length);
  for (const claim of claims) {
    if (await affected.add(claim)) continue;
    const detail =
      `More than ${max} concepts and pairs are joined to those of the ${claims.length} claims ` +
      'that rest on this, too many to walk over in one call; retract it without its impact.';
    return fail({ code: 'too_many_dependants', detail });
  }
  return ok(await affected.pairs());
};
