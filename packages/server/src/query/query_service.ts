/**
 * A question's way: moment -> snapshot -> pairs -> candidates -> filters -> lens -> answer.
 *
 * Everything of one answer is read from one snapshot and one moment, so it has one truth. The work
 * is done in steps: between them the deadline and the caller's cancellation are looked at and other
 * requests get their turn, so one large question neither outlives its time nor stops the server.
 */
import type {
  Answer,
  AnswerResult,
  AnswerWarning,
  Outcome,
  RecordContent,
  RecordId,
  StatedRecord,
  StemeError,
} from '@stemedb/model';
import { fail, formatTime, kindOfNumber, ok, stampMs, toHex } from '@stemedb/model';
import type { Principal } from '../ingest/principal.js';
import type { Clock } from '../io/clock.js';
import type { Random } from '../io/random.js';
import { type Lens, rowsPerStep } from '../lens/lens.js';
import type { Log } from '../log/log.js';
import type { CandidateLoader } from '../store/candidate_loader.js';
import { StoreCorruption } from '../store/corruption.js';
import type { Pair, Store, StoreSnapshot } from '../store/store.js';
import type { PolicyHistory } from '../trust/policy_history.js';
import { ClassTable } from '../trust/source_class.js';
import { resultOf } from './answer.js';
import { type Moment, readMoment } from './as_of.js';
import { CandidateWeigher, classRequests, readRows } from './candidates.js';
import { type CursorState, readCursor, writeCursor } from './cursor.js';
import { OriginResolver } from './origins.js';
import { Pace, QueryEnded, rowsPerPair } from './pace.js';
import type { QueryService, Question } from './question.js';
import { DamagedRecord, RecordReader } from './records.js';
import { type TaintOver, taintWarnings } from './taints.js';
import { awaitPosition, type Timeline } from './timeline.js';
import { classWarning, referenceWarnings } from './warnings.js';

/** Limits of one question; every node uses the same, so that every node answers alike. */
export interface QueryLimits {
  /** Milliseconds until a question is answered with `query_timeout`. */
  readonly queryTimeoutMs: number;
  /** Distinct (value, agent, origin) rows that support uses in one tier. */
  readonly supportRowsMax: number;
  /** Questions that hold a view of the store at once: half of the readers that its engine has,
   * so that neither checkpoints nor verification go without. Beyond: `overloaded`. */
  readonly questionsOpenMax: number;
}

export const queryLimits: QueryLimits = {
  queryTimeoutMs: 10_000,
  supportRowsMax: 200_000,
  questionsOpenMax: 512,
};

export interface QueryCollaborators {
  readonly log: Log;
  readonly store: Store;
  readonly timeline: Timeline;
  readonly policies: PolicyHistory;
  readonly taintOver: TaintOver;
  readonly lenses: { get(name: string): Lens | undefined; names(): readonly string[] };
  readonly clock: Clock;
  readonly random: Random;
  /** Secret of this node under which cursors are authenticated. */
  readonly cursorKey: Uint8Array;
  /** Where candidates come from, for the view that a question is answered over. */
  readonly loaderOf: (snapshot: StoreSnapshot) => CandidateLoader;
  /** What is left out is as in `queryLimits`. */
  readonly limits?: Partial<QueryLimits>;
}

/** What a caller may see goes into its cursors; the whole database until keys carry prefixes. */
const scopeOf = (principal: Principal): string =>
  principal.type === 'key' ? (principal.prefix ?? '') : '';

const damage = (cause: unknown): StemeError | undefined => {
  if (!(cause instanceof DamagedRecord) && !(cause instanceof StoreCorruption)) return undefined;
  const code = cause instanceof DamagedRecord ? 'log_corrupt' : 'store_corrupt';
  const advice = 'Run `stemedb verify`; it names what is damaged and what can be done.';
  return { code, detail: `${cause.message} ${advice}`, cause };
};

interface Sitting {
  readonly question: Question;
  readonly moment: Moment;
  readonly after: Pair | undefined;
  readonly lens: Lens;
  readonly snapshot: StoreSnapshot;
  readonly reader: RecordReader;
  readonly weigher: CandidateWeigher;
  readonly pace: Pace;
}

class StoreQueryService implements QueryService {
  readonly #parts: QueryCollaborators;
  readonly #limits: QueryLimits;
  #questionsOpen = 0;

  constructor(parts: QueryCollaborators) {
    this.#parts = parts;
    this.#limits = { ...queryLimits, ...parts.limits };
  }

  async ask(
    principal: Principal,
    question: Question,
    signal?: AbortSignal,
  ): Promise<Outcome<Answer>> {
    const { clock } = this.#parts;
    const lens = this.#parts.lenses.get(question.lens);
    if (lens === undefined) return this.#unknownLens(question.lens);
    const pace = new Pace(clock, this.#limits.queryTimeoutMs, signal);
    const opened = await this.#open(principal, question, pace);
    if (!opened.ok) return opened;
    const view = this.#openView();
    if (!view.ok) return view;
    const snapshot = view.value;
    try {
      return ok(await this.#answer(principal, question, lens, opened.value, snapshot, pace));
    } catch (cause) {
      if (cause instanceof QueryEnded) {
        return fail({ code: 'query_timeout', detail: cause.message });
      }
      const error = damage(cause);
      if (error === undefined) throw cause;
      return fail(error);
    } finally {
      this.#closeView(snapshot);
    }
  }

  async record(
    _principal: Principal,
    id: RecordId,
    options: {
      readonly kind?: string;
      readonly asOf?: string | number;
      readonly minPosition?: string;
    } = {},
  ): Promise<Outcome<StatedRecord>> {
    const pace = new Pace(this.#parts.clock, this.#limits.queryTimeoutMs, undefined);
    const moment = await this.#moment(options.asOf, options.minPosition, pace);
    if (!moment.ok) return moment;
    const { stamp } = moment.value;
    const view = this.#openView();
    if (!view.ok) return view;
    const snapshot = view.value;
    try {
      const place = snapshot.place(id);
      const ofKind = options.kind === undefined || kindOfNumber(place?.kind ?? 0) === options.kind;
      const reader = new RecordReader(this.#parts.log, snapshot);
      const stated = ofKind ? reader.stated(id, stamp) : undefined;
      if (stated === undefined) {
        return fail({
          code: 'not_found',
          detail: `There is no ${options.kind ?? 'record'} with the id ${id} here.`,
        });
      }
      const turn = (): Promise<void> => Promise.resolve();
      const taint = this.#parts.taintOver({ snapshot, reader, asOf: stamp, turn });
      const taints = await taint?.tainted([id], stamp);
      const warnings = [
        ...this.#classWarnings(stated.record, snapshot, reader, moment.value),
        ...referenceWarnings(snapshot, stated.record, stamp),
        ...taintWarnings(taints?.get(id)),
      ];
      return ok(warnings.length > 0 ? { ...stated, warnings } : stated);
    } catch (cause) {
      const error = damage(cause);
      if (error === undefined) throw cause;
      return fail(error);
    } finally {
      this.#closeView(snapshot);
    }
  }

  /** `class_not_granted`, as the answers have it that this claim wins. */
  #classWarnings(
    content: RecordContent,
    snapshot: StoreSnapshot,
    reader: RecordReader,
    moment: Moment,
  ): readonly AnswerWarning[] {
    if (content.kind !== 'assertion') return [];
    const classes = new ClassTable(this.#parts.policies.inForce(moment.stamp));
    const cited = new OriginResolver(snapshot, reader, moment.stamp).citedBy(content);
    const suggested = classes.suggestedBy(content.concept_path);
    const counted = classes.count(
      classRequests(content.agent_id, content.source_class, cited, suggested),
    );
    const { notGranted, name } = counted;
    return notGranted === undefined ? [] : [classWarning(notGranted, name)];
  }

  #openView(): Outcome<StoreSnapshot> {
    if (this.#questionsOpen >= this.#limits.questionsOpenMax) {
      return fail({
        code: 'overloaded',
        detail:
          `${this.#limits.questionsOpenMax} questions are being answered; ` +
          'ask this one again in a moment.',
      });
    }
    const snapshot = this.#parts.store.snapshot();
    this.#questionsOpen += 1;
    return ok(snapshot);
  }

  #closeView(snapshot: StoreSnapshot): void {
    this.#questionsOpen -= 1;
    snapshot.release();
  }

  #unknownLens(name: string): Outcome<never> {
    const known = this.#parts.lenses.names().join(', ');
    const detail = `There is no lens "${name}"; the lenses are ${known}.`;
    return fail({
      code: 'invalid_field',
      detail,
      faults: [{ code: 'invalid_field', pointer: '/lens', detail }],
    });
  }

  /** Fixes the moment, and the place to go on from when the question brings a cursor. */
  async #open(
    principal: Principal,
    question: Question,
    pace: Pace,
  ): Promise<Outcome<{ readonly moment: Moment; readonly after: Pair | undefined }>> {
    if (question.cursor === undefined) {
      const moment = await this.#moment(this.#asOfOf(question), question.minPosition, pace);
      return moment.ok ? ok({ moment: moment.value, after: undefined }) : moment;
    }
    const { cursorKey, clock, timeline } = this.#parts;
    const read = readCursor(
      cursorKey,
      question,
      scopeOf(principal),
      question.cursor,
      clock.wallMs(),
    );
    if (!read.ok) return read;
    if (question.minPosition !== undefined) {
      const reached = await awaitPosition(timeline, question.minPosition);
      if (!reached.ok) return reached;
    }
    const { stamp, ms, after }: CursorState = read.value;
    return ok({ moment: { stamp, ms }, after });
  }

  /** A factor that moves with time needs a moment of its own: now, when none was stated. */
  #asOfOf(question: Question): string | number | undefined {
    if (question.asOf !== undefined || (question.decay ?? 'none') === 'none') return question.asOf;
    const { timeline } = this.#parts;
    return Math.max(timeline.wallMs(), stampMs(timeline.visibleStamp));
  }

  async #moment(
    asOf: string | number | undefined,
    minPosition: string | undefined,
    pace: Pace,
  ): Promise<Outcome<Moment>> {
    const { timeline } = this.#parts;
    if (minPosition !== undefined) {
      const reached = await awaitPosition(timeline, minPosition);
      if (!reached.ok) return reached;
    }
    if (asOf === undefined) {
      const stamp = timeline.visibleStamp;
      return ok({ stamp, ms: stampMs(stamp) });
    }
    const now = { wallMs: timeline.wallMs(), visible: timeline.visibleStamp };
    const moment = readMoment(asOf, now);
    if (!moment.ok || (await pace.reaches(timeline.passMoment(moment.value.ms)))) return moment;
    return fail({
      code: 'query_timeout',
      detail: 'What was written up to as_of is not synced yet; ask again, or of an earlier moment.',
    });
  }

  async #answer(
    principal: Principal,
    question: Question,
    lens: Lens,
    opened: { readonly moment: Moment; readonly after: Pair | undefined },
    snapshot: StoreSnapshot,
    pace: Pace,
  ): Promise<Answer> {
    const { log, policies, taintOver, random, cursorKey, clock } = this.#parts;
    const { moment, after } = opened;
    const policy = policies.inForce(moment.stamp);
    const reader = new RecordReader(log, snapshot);
    const origins = new OriginResolver(snapshot, reader, moment.stamp);
    const asOf = moment.stamp;
    const taint = taintOver({ snapshot, reader, asOf, turn: () => pace.turn() });
    const weigher = new CandidateWeigher({
      question,
      moment,
      snapshot,
      origins,
      policy,
      taint,
      pace,
    });
    const page = await this.#page({
      question,
      moment,
      after,
      lens,
      snapshot,
      reader,
      weigher,
      pace,
    });
    const next = page.next;
    return {
      lens: lens.name,
      as_of: formatTime(moment.ms),
      as_of_stamp: moment.stamp,
      final: true,
      policy: policy.id,
      ...(weigher.classes.selfDeclared ? { classes: 'self-declared' } : {}),
      results: page.results,
      ...(next === undefined
        ? {}
        : {
            next_cursor: writeCursor(
              cursorKey,
              question,
              scopeOf(principal),
              { ...moment, after: next },
              clock.wallMs(),
            ),
          }),
      query_id: toHex(random.bytes(16)),
    };
  }

  async #page(
    sitting: Sitting,
  ): Promise<{ readonly results: readonly AnswerResult[]; readonly next: Pair | undefined }> {
    const { question, after, snapshot, pace } = sitting;
    const results: AnswerResult[] = [];
    let last: Pair | undefined;
    const pairs = snapshot.pairs({
      scope: question.scope,
      ...(after === undefined ? {} : { after }),
    });
    for (const pair of pairs) {
      // Pairs of other predicates are passed over here, not in the store: they are work as well.
      await pace.spend(rowsPerPair);
      if (question.predicate !== undefined && question.predicate !== pair.predicate) continue;
      if (results.length === question.limit) return { results, next: last };
      const result = await this.#resolve(sitting, pair);
      last = pair;
      if (result !== undefined) results.push(result);
    }
    return { results, next: undefined };
  }

  async #resolve(sitting: Sitting, pair: Pair): Promise<AnswerResult | undefined> {
    const { question, moment, lens, snapshot, reader, weigher, pace } = sitting;
    const loader = this.#parts.loaderOf(snapshot);
    const rows = await readRows(loader, pair, moment.stamp, pace);
    const set = await weigher.weigh(pair.conceptPath, rows);
    if (set.candidates.length === 0 || !set.gained) return undefined;
    const steps = lens.resolve(
      set.candidates,
      {
        tierNames: weigher.classes.tierNames,
        supportRowsMax: this.#limits.supportRowsMax,
      },
      { explain: question.explain === true },
    );
    let step = steps.next();
    while (step.done !== true) {
      await pace.spend(rowsPerStep);
      step = steps.next();
    }
    await pace.spend(set.candidates.length % rowsPerStep);
    return resultOf({
      lens,
      pair,
      set,
      resolution: step.value,
      snapshot,
      reader,
      asOf: moment.stamp,
      explainOffset: question.explain === true ? (question.explainOffset ?? 0) : undefined,
    });
  }
}

/** Makes the query room over its collaborators. */
export const createQueryService = (parts: QueryCollaborators): QueryService =>
  new StoreQueryService(parts);
