/**
 * Retracting a source by one who has seen what it changes. With a position, the retraction is
 * refused when anything that rests on the source was added after it: what was seen is then not
 * what would happen. A retraction that is there already is a `duplicate`, whatever came after it.
 *
 * That check holds until the retraction has its place in the log. What is visible is walked over;
 * what was taken and is not visible yet, and what is taken meanwhile, is watched from before the
 * view is opened. The last look at it and the submission are one step, in which nothing else runs.
 */
import type { JsonObject, Outcome, RecordId, StemeError } from '@stemedb/model';
import { fail, invalidField, ok } from '@stemedb/model';
import type { Accepted, Ingest, Submission } from '../ingest/ingest.js';
import type { PendingRecord } from '../ingest/pending_record.js';
import type { Principal } from '../ingest/principal.js';
import type { Log } from '../log/log.js';
import { parsePosition } from '../log/position.js';
import type { Store } from '../store/store.js';
import { dependantsOf } from './dependants.js';
import { checkSource } from './impact.js';
import type { Watch } from './kept_walks.js';
import type { Reading, Readings } from './readings.js';

/** Claims that may be written while one retraction looks around; beyond, it is tried again. */
const watchedClaimsMax = 100_000;

export interface RetractRequest {
  readonly source: RecordId;
  /** The other fields of the supersession, as the caller stated them. */
  readonly content: JsonObject;
  readonly signatures?: NonNullable<Submission['signatures']>;
  /** The position of an impact: nothing may have been added after it. */
  readonly ifPosition?: string;
}

export interface RetractCollaborators {
  readonly readings: Readings;
  readonly ingest: Pick<Ingest, 'submit'>;
  readonly log: Pick<Log, 'logId' | 'lastSequence'>;
  readonly store: Pick<Store, 'place'>;
  readonly watch: Watch;
  /** The id that a submission has now; undefined when its shape will be refused. */
  readonly submittedId: (principal: Principal, submission: Submission) => RecordId | undefined;
}

interface WatchedClaim {
  readonly id: RecordId;
  readonly names: readonly RecordId[];
}

/** Claims on their way that rest on something. */
class OnTheirWay {
  readonly stop: () => void;
  readonly #claims: WatchedClaim[] = [];
  #isFull = false;

  constructor(watch: RetractCollaborators['watch']) {
    this.stop = watch((record) => this.#see(record));
  }

  /** True when more came than is kept. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The first of them that is new and rests on one of `known`, or on another that does. */
  firstOn(known: ReadonlySet<RecordId>, isNew: (id: RecordId) => boolean): RecordId | undefined {
    const reached = new Set(known);
    for (let before = -1; before !== reached.size; ) {
      before = reached.size;
      for (const { id, names } of this.#claims) {
        if (reached.has(id) || !names.some((name) => reached.has(name))) continue;
        if (isNew(id)) return id;
        reached.add(id);
      }
    }
    return undefined;
  }

  #see({ id, content }: PendingRecord): void {
    if (content?.kind !== 'assertion') return;
    const { source, parent, derived_from: premises = [] } = content;
    const names = [source, parent, ...premises].filter((name) => name !== undefined);
    if (names.length === 0) return;
    if (this.#claims.length === watchedClaimsMax) this.#isFull = true;
    else this.#claims.push({ id, names });
  }
}

const conflict = (detail: string): StemeError => ({ code: 'conflict', detail });

const addedSince = (source: RecordId, dependant: RecordId): StemeError =>
  conflict(
    `${dependant}, which rests on ${source}, was added after if_position; ` +
      'look at the impact again.',
  );

const invalidPosition = (detail: string): Outcome<never> =>
  fail(invalidField('/if_position', detail));

/** Retracts a source; `conflict` names what was added since the position that was stated. */
export const retractSource = async (
  parts: RetractCollaborators,
  principal: Principal,
  request: RetractRequest,
  signal?: AbortSignal,
): Promise<Outcome<Accepted>> => {
  const { source, content, signatures, ifPosition } = request;
  const submission: Submission = {
    kind: 'supersession',
    content: { ...content, target: source, action: 'retract' },
    ...(signatures === undefined ? {} : { signatures }),
  };
  if (ifPosition !== undefined) {
    return retractIf(parts, principal, submission, { source, ifPosition, signal });
  }
  const known = await parts.readings.read({ signal }, (reading) => checkSource(reading, source));
  return known.ok ? parts.ingest.submit(principal, submission) : known;
};

const retractIf = async (
  parts: RetractCollaborators,
  principal: Principal,
  submission: Submission,
  stated: {
    readonly source: RecordId;
    readonly ifPosition: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Outcome<Accepted>> => {
  const { readings, ingest, watch } = parts;
  const { source, ifPosition, signal } = stated;
  const sequence = readPosition(parts, ifPosition);
  if (!sequence.ok) return sequence;
  const id = parts.submittedId(principal, submission);
  if (id !== undefined && parts.store.place(id) !== undefined) {
    return ingest.submit(principal, submission);
  }
  const onTheirWay = new OnTheirWay(watch);
  try {
    const seen = await readings.read({ minPosition: ifPosition, signal }, (reading) =>
      seenUpTo(reading, source, sequence.value, readings.limits.dependantsMax),
    );
    if (!seen.ok) return seen;
    // From here to the submission nothing is awaited: what comes later is logged later.
    if (onTheirWay.isFull) {
      const detail = 'Too much was written while the dependants were looked at; try again.';
      return fail({ code: 'overloaded', detail });
    }
    const isNew = (id: RecordId): boolean =>
      (parts.store.place(id)?.sequence ?? Number.POSITIVE_INFINITY) > sequence.value;
    const added = onTheirWay.firstOn(seen.value, isNew);
    if (added !== undefined) return fail(addedSince(source, added));
    return ingest.submit(principal, submission);
  } finally {
    onTheirWay.stop();
  }
};

const readPosition = (
  { log }: Pick<RetractCollaborators, 'log'>,
  text: string,
): Outcome<number> => {
  const position = parsePosition(text);
  if (position === undefined) {
    return invalidPosition('if_position must be the position of an impact.');
  }
  if (position.logId !== log.logId) {
    return fail(conflict('if_position belongs to the log of another node or an earlier restore.'));
  }
  if (position.sequence > log.lastSequence) {
    return invalidPosition('if_position lies after the end of the log.');
  }
  return ok(position.sequence);
};

/** The source and all that rests on it, when none of it was added after the sequence. */
const seenUpTo = async (
  reading: Reading,
  source: RecordId,
  sequence: number,
  dependantsMax: number,
): Promise<Outcome<ReadonlySet<RecordId>>> => {
  const known = checkSource(reading, source);
  if (!known.ok) return known;
  const walked = await dependantsOf(reading, source, dependantsMax);
  if (!walked.ok) return walked;
  const { claims } = walked.value;
  const added = claims.find((claim) => claim.sequence > sequence);
  if (added !== undefined) return fail(addedSince(source, added.id));
  return ok(new Set([source, ...claims.map(({ id }) => id)]));
};
