/**
 * The claims that one result is made of: those of the asked concept and of every concept that its
 * aliases join to it, each with where it stands among the revisions of its own pair.
 */

import type { HlcStamp } from '@stemedb/model';
import type { CandidateLoader, CandidateRow, Pair } from '../store/candidate_loader.js';
import type { ClaimRules, JoinedPaths, Standing } from '../trust/rules.js';
import { type Pace, rowsPerPair, rowsPerRowRead } from './pace.js';
import type { Question } from './question.js';
import type { Reading } from './readings.js';

/** A claim with the claim whose voice it is: itself, or the first of its chain of transitions. */
export interface GatheredClaim {
  readonly row: CandidateRow;
  readonly voice: CandidateRow;
  /** Undefined: it is no revision, none took its place, and it takes part as stated. */
  readonly standing: Standing | undefined;
  /** Of its own concept. */
  readonly conceptPath: string;
}

interface GatheredPair {
  readonly claims: readonly GatheredClaim[];
  readonly joined: JoinedPaths;
}

/** Gathers the claims of pairs for one question. */
export class ClaimGatherer {
  readonly #question: Question;
  readonly #reading: Reading;
  readonly #rules: ClaimRules;
  readonly #loader: CandidateLoader;
  /** Pairs of one concept come one after the other. */
  #lastJoined: JoinedPaths | undefined;

  constructor(parts: {
    readonly question: Question;
    readonly reading: Reading;
    readonly rules: ClaimRules;
    readonly loader: CandidateLoader;
  }) {
    this.#question = parts.question;
    this.#reading = parts.reading;
    this.#rules = parts.rules;
    this.#loader = parts.loader;
  }

  /** The concepts whose claims are read for this one: itself first. */
  joined(conceptPath: string): JoinedPaths {
    if (this.#lastJoined?.paths[0] !== conceptPath) {
      this.#lastJoined = this.#rules.joined(conceptPath, this.#question.aliases ?? 'effective');
    }
    return this.#lastJoined;
  }

  /** Below a prefix lie the pairs that have claims of their own at the moment asked: the store
   * knows of later ones as well, and what is joined to those stands with its own concept. */
  get #needsOwnClaims(): boolean {
    return this.#question.scope.type === 'prefix';
  }

  async gather({ conceptPath, predicate }: Pair): Promise<GatheredPair> {
    const { moment, pace } = this.#reading;
    const joined = this.joined(conceptPath);
    const claims: GatheredClaim[] = [];
    for (const path of joined.paths) {
      // The pair itself was counted when it was found; each joined path is looked up as well.
      if (path !== conceptPath) await pace.spend(rowsPerPair);
      const rows = await readRows(
        this.#loader,
        { conceptPath: path, predicate },
        moment.stamp,
        pace,
      );
      if (rows.length === 0) {
        if (path === conceptPath && this.#needsOwnClaims) return { claims: [], joined };
        continue;
      }
      const standings = this.#rules.standings(rows);
      const known = standings instanceof Promise ? await standings : standings;
      if (known.size === 0) {
        for (const row of rows) claims.push(asStated(row, path));
      } else for (const claim of stand(rows, known, path)) claims.push(claim);
    }
    return { claims, joined };
  }
}

/** Reads all rows of a pair, chunk by chunk, at the pace of the question. */
export const readRows = async (
  loader: CandidateLoader,
  pair: Pair,
  asOf: HlcStamp,
  pace: Pace,
): Promise<readonly CandidateRow[]> => {
  let first: readonly CandidateRow[] | undefined;
  let all: CandidateRow[] | undefined;
  for await (const chunk of loader.candidates(pair, asOf)) {
    if (first === undefined) first = chunk;
    else {
      all ??= [...first];
      for (const row of chunk) all.push(row);
    }
    const turn = pace.spend(rowsPerRowRead * chunk.length);
    if (turn !== undefined) await turn;
  }
  return all ?? first ?? [];
};

const asStated = (row: CandidateRow, conceptPath: string): GatheredClaim => ({
  row,
  voice: row,
  standing: undefined,
  conceptPath,
});

function* stand(
  rows: readonly CandidateRow[],
  standings: ReadonlyMap<string, Standing>,
  conceptPath: string,
): Generator<GatheredClaim, void, void> {
  let byId: ReadonlyMap<string, CandidateRow> | undefined;
  for (const row of rows) {
    const standing = standings.get(row.id);
    const first = standing?.transitionsOf?.at(-1);
    if (first !== undefined) byId ??= new Map(rows.map((each) => [each.id, each]));
    const voice = first === undefined ? row : byId?.get(first);
    if (voice === undefined) throw new Error(`${first} begins a chain of a pair that lacks it.`);
    yield { row, voice, standing, conceptPath };
  }
}
