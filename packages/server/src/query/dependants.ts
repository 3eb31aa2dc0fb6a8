/**
 * What rests on a record: the claims that name it as source or premise, the transitions that carry
 * on such a claim, and so on down, as far as a retraction would reach (spec 7, "X depends on Y").
 */
import type { HlcStamp, Outcome, RecordId, StemeError } from '@stemedb/model';
import { fail, kindNumber, ok } from '@stemedb/model';
import type { PlacedRecord } from '../store/store.js';
import { premiseDepthMax } from '../trust/taint.js';
import { rowsPerRecord } from './pace.js';
import type { Reading } from './readings.js';

export interface Dependant {
  readonly id: RecordId;
  /** Where this node's log has it. */
  readonly sequence: number;
  readonly conceptPath: string;
  readonly predicate: string;
}

export interface Dependants {
  /** Breadth-first, so that each is as near to the root as it can be. */
  readonly claims: readonly Dependant[];
  /** Up to here everything that this node's log holds is accounted for: what rests on the root
   * but was recorded after the moment comes later. */
  readonly sequence: number;
}

class Walk {
  readonly #reading: Reading;
  readonly #asOf: HlcStamp;
  readonly #max: number;
  readonly #seen: Set<RecordId>;
  readonly #found: Dependant[] = [];
  #sequence: number;

  constructor(reading: Reading, root: RecordId, max: number) {
    this.#reading = reading;
    this.#max = max;
    this.#asOf = reading.moment.stamp;
    this.#seen = new Set([root]);
    this.#sequence = reading.snapshot.appliedSequence;
  }

  async down(root: RecordId): Promise<Outcome<Dependants>> {
    let level: readonly RecordId[] = [root];
    for (let depth = 1; depth <= premiseDepthMax && level.length > 0; depth += 1) {
      const next: RecordId[] = [];
      for (const id of level) {
        for (const { id: child, place } of this.#below(id)) {
          await this.#reading.pace.spend(rowsPerRecord);
          if (this.#take(child, place)) next.push(child);
        }
        if (this.#found.length > this.#max) return fail(tooMany(root, this.#max));
      }
      level = next;
    }
    return ok({ claims: this.#found, sequence: this.#sequence });
  }

  *#below(id: RecordId): Generator<PlacedRecord, void, void> {
    const { snapshot, rules } = this.#reading;
    yield* snapshot.dependants(id, 'source');
    yield* snapshot.dependants(id, 'derived_from');
    for (const child of snapshot.dependants(id, 'parent')) {
      if (child.place.stamp > this.#asOf || rules.carriesOn(child.id) === id) yield child;
    }
  }

  /** Keeps a claim that is new to the walk and known at the moment. */
  #take(id: RecordId, { stamp, sequence }: PlacedRecord['place']): boolean {
    if (this.#seen.has(id)) return false;
    if (stamp > this.#asOf) {
      this.#sequence = Math.min(this.#sequence, sequence - 1);
      return false;
    }
    const content = this.#reading.reader.content(id, this.#asOf, kindNumber.assertion);
    if (content?.kind !== 'assertion') return false;
    this.#seen.add(id);
    const { concept_path: conceptPath, predicate } = content;
    this.#found.push({ id, sequence, conceptPath, predicate });
    return true;
  }
}

const tooMany = (root: RecordId, max: number): StemeError => ({
  code: 'too_many_dependants',
  detail:
    `More than ${max} records rest on ${root}, too many to walk over in one call; ` +
    'retract it without if_position.',
});

/** Everything that rests on a record at the moment of the reading; `too_many_dependants` when that
 * is more than `max` records. */
export const dependantsOf = (
  reading: Reading,
  root: RecordId,
  max: number,
): Promise<Outcome<Dependants>> => new Walk(reading, root, max).down(root);
