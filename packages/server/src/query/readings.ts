/**
 * The one way to read: a moment, a view of the store, the rules at that moment, and the pace of
 * the call. Everything that one call answers is read from one reading, so it has one truth; the
 * view is released here, whatever the work comes to, and nowhere else.
 */
import type { HlcStamp, Outcome, StemeError } from '@stemedb/model';
import { endOfMs, fail, ok, stampMs } from '@stemedb/model';
import { StoreCorruption } from '../store/corruption.js';
import type { StoreSnapshot } from '../store/store.js';
import type { EffectivePolicy } from '../trust/policy_history.js';
import type { Assumption, ClaimRules } from '../trust/rules.js';
import { type Moment, readMoment } from './as_of.js';
import { CachedClaims } from './cached_claims.js';
import { type QueryCollaborators, type QueryLimits, queryLimits } from './collaborators.js';
import type { MovesWithTime } from './moving.js';
import { OriginResolver } from './origins.js';
import { Pace, QueryEnded } from './pace.js';
import type { Cancellation } from './question.js';
import { CachedRecords, DamagedRecord, RecordReader } from './records.js';
import { NoRoom } from './room.js';
import { Holding, Rooms } from './rooms.js';
import type { SharedViews } from './shared_views.js';
import { awaitPosition } from './timeline.js';

/** What the moment is: that of the newest visible record, a stated one, or now. */
export type MomentKind = 'visible' | 'fixed' | 'moving';

/** One moment over one view of the store. */
export interface Reading {
  readonly moment: Moment;
  readonly momentKind: MomentKind;
  readonly snapshot: StoreSnapshot;
  readonly reader: RecordReader;
  readonly claims: CachedClaims;
  readonly origins: OriginResolver;
  /** In force at the moment. */
  readonly policy: EffectivePolicy;
  readonly rules: ClaimRules;
  readonly pace: Pace;
  /** Where room is taken before much is held. */
  readonly holding: Holding;
  /** The rules as they would be if this were so. */
  rulesAssuming(assume: Assumption): ClaimRules;
  /** The same moment over another form of the same snapshot: one that watches what is read. */
  over(snapshot: StoreSnapshot): Reading;
}

export interface ReadingOptions {
  /** As given: RFC 3339, milliseconds or a stamp; the visible stamp when absent. */
  readonly asOf?: string | number | undefined;
  /** A moment that was fixed before, by a cursor; `asOf` is not looked at then. */
  readonly moment?: Moment | undefined;
  readonly minPosition?: string | undefined;
  /** The caller has gone when it is aborted. */
  readonly signal?: Cancellation | undefined;
  /** What moves with time is read as of now when no moment is stated. */
  readonly movesWithTime?: MovesWithTime | undefined;
}

/** Work that was not begun, because it has to be done as of now. */
const asOfNow = Symbol('as of now');

const damage = (cause: unknown): StemeError | undefined => {
  if (!(cause instanceof DamagedRecord) && !(cause instanceof StoreCorruption)) return undefined;
  const code = cause instanceof DamagedRecord ? 'log_corrupt' : 'store_corrupt';
  const advice = 'Run `stemedb verify`; it names what is damaged and what can be done.';
  return { code, detail: `${cause.message} ${advice}`, cause };
};

/** Opens readings, of which a bounded number is open at once; one for a node. */
export class Readings {
  readonly limits: QueryLimits;
  readonly #parts: QueryCollaborators;
  readonly #records: CachedRecords;
  readonly #claims: CachedClaims;
  readonly #rooms: Rooms;
  #open = 0;

  constructor(parts: QueryCollaborators) {
    this.#parts = parts;
    this.#records = new CachedRecords(parts.cache);
    this.#claims = new CachedClaims(parts.cache);
    this.limits = { ...queryLimits, ...parts.limits };
    this.#rooms = new Rooms(this.limits);
  }

  /**
   * Fixes the moment, opens a view, does the work over both and releases the view. Fails as the
   * work does, and with `behind`, `invalid_field` (as_of, min_position), `conflict`, `overloaded`,
   * `query_timeout`, `log_corrupt` or `store_corrupt`; throws what is a fault of the program.
   */
  async read<T>(
    options: ReadingOptions,
    work: (reading: Reading) => Promise<Outcome<T>> | Outcome<T>,
  ): Promise<Outcome<T>> {
    const pace = new Pace(this.#parts.clock, this.limits.queryTimeoutMs, options.signal);
    const isStated = options.asOf !== undefined || options.moment !== undefined;
    const moves = isStated ? false : (options.movesWithTime ?? false);
    const moment = await this.#moment(options, moves === true, pace);
    if (!moment.ok) return moment;
    const kind = isStated ? 'fixed' : moves === true ? 'moving' : 'visible';
    if (typeof moves === 'boolean') return this.#at(moment.value, kind, pace, work);
    const done = await this.#at<T | typeof asOfNow>(moment.value, kind, pace, async (reading) => {
      await reading.rules.readTrust();
      return moves(reading.rules) ? ok(asOfNow) : work(reading);
    });
    if (!done.ok) return done;
    if (done.value !== asOfNow) return ok(done.value);
    const now = await this.#now(pace);
    return now.ok ? this.#at(now.value, 'moving', pace, work) : now;
  }

  /**
   * Looks at the shared view as of the newest visible record, within the turn: for what is answered
   * from memory and reads nothing. Undefined when no further question may be open, when the store
   * is damaged, and where each question has a view of its own: opening one costs more than what is
   * answered from memory.
   */
  glance<T>(look: (snapshot: StoreSnapshot, moment: Moment) => T): T | undefined {
    const { views, timeline } = this.#parts;
    if (views === undefined || this.#open >= this.limits.questionsOpenMax) return undefined;
    const stamp = timeline.visibleStamp;
    let view: ReturnType<SharedViews['take']> | undefined;
    try {
      view = views.take();
      return look(view.snapshot, { stamp, ms: stampMs(stamp) });
    } catch (cause) {
      // What is read in full meets the same damage, and says so.
      if (damage(cause) === undefined) throw cause;
      return undefined;
    } finally {
      view?.release();
    }
  }

  async #moment(options: ReadingOptions, isNow: boolean, pace: Pace): Promise<Outcome<Moment>> {
    const { timeline } = this.#parts;
    if (options.minPosition !== undefined) {
      const reached = await awaitPosition(timeline, options.minPosition);
      if (!reached.ok) return reached;
    }
    if (options.moment !== undefined) return ok(options.moment);
    if (isNow) return this.#now(pace);
    if (options.asOf === undefined) {
      const stamp = timeline.visibleStamp;
      return ok({ stamp, ms: stampMs(stamp) });
    }
    const now = { presentMs: timeline.presentMs(), visible: timeline.visibleStamp };
    const moment = readMoment(options.asOf, now);
    return moment.ok ? this.#reached(moment.value, pace) : moment;
  }

  #now(pace: Pace): Promise<Outcome<Moment>> {
    const { timeline } = this.#parts;
    const ms = Math.max(timeline.presentMs(), stampMs(timeline.visibleStamp));
    return this.#reached({ stamp: endOfMs(ms), ms }, pace);
  }

  /** Waits until all that is stamped up to the moment is visible. */
  async #reached(moment: Moment, pace: Pace): Promise<Outcome<Moment>> {
    if (await pace.reaches(this.#parts.timeline.passMoment(moment.ms))) return ok(moment);
    return fail({
      code: 'query_timeout',
      detail: 'What was written up to as_of is not synced yet; ask again, or of an earlier moment.',
    });
  }

  async #at<T>(
    moment: Moment,
    kind: MomentKind,
    pace: Pace,
    work: (reading: Reading) => Promise<Outcome<T>> | Outcome<T>,
  ): Promise<Outcome<T>> {
    const max = this.limits.questionsOpenMax;
    if (this.#open >= max) {
      const detail = `${max} questions are being answered; ask this one again in a moment.`;
      return fail({ code: 'overloaded', detail });
    }
    const holding = new Holding(this.#rooms, pace);
    let view: ReturnType<SharedViews['take']> | undefined;
    this.#open += 1;
    try {
      view = this.#view();
      return await work(this.#reading(moment, kind, view.snapshot, pace, holding));
    } catch (cause) {
      if (cause instanceof QueryEnded) {
        return fail({ code: 'query_timeout', detail: cause.message });
      }
      if (cause instanceof NoRoom) return fail({ code: 'overloaded', detail: cause.message });
      const error = damage(cause);
      if (error === undefined) throw cause;
      return fail(error);
    } finally {
      this.#open -= 1;
      holding.leave();
      view?.release();
    }
  }

  #view(): ReturnType<SharedViews['take']> {
    const { views, store } = this.#parts;
    if (views !== undefined) return views.take();
    const snapshot = store.snapshot();
    return { snapshot, release: () => snapshot.release() };
  }

  #reading(
    moment: Moment,
    kind: MomentKind,
    snapshot: StoreSnapshot,
    pace: Pace,
    holding: Holding,
  ): Reading {
    const { log, policies, rulesOver } = this.#parts;
    const asOf: HlcStamp = moment.stamp;
    const reader = new RecordReader(log, snapshot, this.#records);
    const view = { snapshot, reader, asOf, turn: () => pace.turn() };
    return {
      moment,
      momentKind: kind,
      snapshot,
      reader,
      claims: this.#claims,
      pace,
      holding,
      origins: new OriginResolver(snapshot, reader, asOf),
      policy: policies.inForce(asOf, snapshot.appliedSequence),
      rules: rulesOver(view),
      rulesAssuming: (assume) => rulesOver({ ...view, assume }),
      over: (other) => this.#reading(moment, kind, other, pace, holding),
    };
  }
}

/** Makes the readings of a node: those of its questions and of all else that is read. */
export const createReadings = (parts: QueryCollaborators): Readings => new Readings(parts);
