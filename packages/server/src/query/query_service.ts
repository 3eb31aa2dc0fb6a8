/**
 * A question's way: moment -> view -> pairs -> candidates -> filters -> lens -> answer.
 *
 * The work is done in steps: between them the deadline and the caller's cancellation are looked at
 * and other requests get their turn, so one large question neither outlives its time nor stops the
 * server.
 */
import type { Answer, Outcome, RecordId, StatedRecord } from '@stemedb/model';
import { decodeComposed, fail, formatTime, invalidField, ok, toHex } from '@stemedb/model';
import type { Principal } from '../ingest/principal.js';
import type { Lens } from '../lens/lens.js';
import type { Pair } from '../store/store.js';
import { AnswerCache } from './answer_cache.js';
import type { Moment } from './as_of.js';
import type { QueryCollaborators } from './collaborators.js';
import { readCursor, writeCursor } from './cursor.js';
import { movesWithTime } from './moving.js';
import { type Page, readPage } from './page.js';
import type { Cancellation, QueryService, Question, RecordOptions } from './question.js';
import { createReadings, type Reading, type Readings } from './readings.js';
import { openSitting } from './sitting.js';
import { statedRecord } from './stated.js';
import { jsonBytes } from './stored_json.js';

export { type QueryCollaborators, type QueryLimits, queryLimits } from './collaborators.js';

/** What a caller may see goes into its cursors; the whole database until keys carry prefixes. */
export const scopeOf = (principal: Principal): string =>
  principal.type === 'key' ? (principal.prefix ?? '') : '';

/** A page with what of its answer follows from the records and the moment alone. */
interface AnsweredPage extends Pick<Page, 'next'> {
  /** The array of results as it is sent. */
  readonly results: Uint8Array;
  readonly moment: Moment;
  readonly policy: RecordId | null;
  readonly selfDeclared: boolean;
}

/** A lens that collects is asked about one concept. */
const scopeRefusal = (question: Question, lens: Lens): Outcome<never> | undefined => {
  if (lens.collects === undefined || question.scope.type === 'concept') return undefined;
  const detail =
    `The lens "${lens.name}" is asked about one concept and answers for its ancestors too; ` +
    'give concept_path, not prefix.';
  return fail(invalidField('/prefix', detail));
};

class StoreQueryService implements QueryService {
  readonly #parts: QueryCollaborators;
  readonly #readings: Readings;
  readonly #pages: AnswerCache<AnsweredPage>;

  constructor(parts: QueryCollaborators, readings: Readings) {
    this.#parts = parts;
    this.#readings = readings;
    this.#pages = new AnswerCache(parts.cache, parts.clock);
  }

  async ask(
    principal: Principal,
    question: Question,
    signal?: Cancellation,
  ): Promise<Outcome<Answer>> {
    const text = await this.askForText(principal, question, signal);
    return text.ok ? ok(decodeComposed(text.value) as unknown as Answer) : text;
  }

  async askForText(
    principal: Principal,
    question: Question,
    signal?: Cancellation,
  ): Promise<Outcome<Uint8Array>> {
    const lens = this.#parts.lenses.get(question.lens);
    if (lens === undefined) return this.#unknownLens(question.lens);
    const refusal = scopeRefusal(question, lens);
    if (refusal !== undefined) return refusal;
    const begun = this.#begin(principal, question);
    if (!begun.ok) return begun;
    const { moment, after } = begun.value;
    const { asOf, minPosition } = question;
    const moves = movesWithTime(question, lens);
    return this.#readings.read(
      { asOf, moment, minPosition, signal, movesWithTime: moves },
      async (reading) => ok(await this.#answer(principal, question, lens, after, reading)),
    );
  }

  async record(
    _principal: Principal,
    id: RecordId,
    options: RecordOptions = {},
    signal?: Cancellation,
  ): Promise<Outcome<StatedRecord>> {
    const { asOf, minPosition, kind } = options;
    return this.#readings.read({ asOf, minPosition, signal }, (reading) =>
      statedRecord(reading, id, kind),
    );
  }

  #unknownLens(name: string): Outcome<never> {
    const known = this.#parts.lenses.names().join(', ');
    const detail = `There is no lens "${name}"; the lenses are ${known}.`;
    return fail(invalidField('/lens', detail));
  }

  /** The moment and the place to go on from, when the question brings a cursor. */
  #begin(
    principal: Principal,
    question: Question,
  ): Outcome<{ readonly moment: Moment | undefined; readonly after: Pair | undefined }> {
    if (question.cursor === undefined) return ok({ moment: undefined, after: undefined });
    const { cursorKey, clock } = this.#parts;
    const scope = scopeOf(principal);
    const read = readCursor(cursorKey, question, scope, question.cursor, clock.wallMs());
    if (!read.ok) return read;
    const { stamp, ms, after } = read.value;
    return ok({ moment: { stamp, ms }, after });
  }

  async #answer(
    principal: Principal,
    question: Question,
    lens: Lens,
    after: Pair | undefined,
    reading: Reading,
  ): Promise<Uint8Array> {
    const scope = scopeOf(principal);
    const { stamp } = reading.moment;
    const page = await this.#pages.page(
      { question, scope, after, moment: { kind: reading.momentKind, stamp } },
      reading.snapshot,
      (watched) => this.#page(question, lens, after, reading.over(watched)),
    );
    const moment = reading.momentKind === 'moving' ? page.moment : reading.moment;
    return this.#text(question, scope, lens, page, moment);
  }

  /** The answer around the results, in the order of `Answer`. */
  #text(
    question: Question,
    scope: string,
    lens: Lens,
    { policy, selfDeclared, results, next }: AnsweredPage,
    moment: Moment,
  ): Uint8Array {
    const { random, cursorKey, clock, timeline } = this.#parts;
    const state = next === undefined ? undefined : { ...moment, after: next };
    const cursor = state && writeCursor(cursorKey, question, scope, state, clock.wallMs());
    const head =
      `{"lens":${JSON.stringify(lens.name)},"as_of":"${formatTime(moment.ms)}",` +
      `"as_of_stamp":"${moment.stamp}","final":${timeline.isFinal(moment.stamp)},` +
      `"policy":${JSON.stringify(policy)},` +
      `${selfDeclared ? '"classes":"self-declared",' : ''}"results":`;
    const nextMember = cursor === undefined ? '' : `,"next_cursor":"${cursor}"`;
    const tail = `${nextMember},"query_id":"${toHex(random.bytes(16))}"}`;
    return Buffer.concat([Buffer.from(head), results, Buffer.from(tail)]);
  }

  async #page(
    question: Question,
    lens: Lens,
    after: Pair | undefined,
    reading: Reading,
  ): Promise<AnsweredPage> {
    const sitting = openSitting(this.#parts, this.#readings, reading, { question, lens });
    const { moment, policy } = reading;
    const { selfDeclared } = sitting.weigher.classes;
    const { results, next } = await readPage(sitting, after);
    return { moment, policy: policy.id, selfDeclared, results: jsonBytes(results), next };
  }
}

/** Makes the service of questions; `readings` are shared with all else that is read. */
export const createQueryService = (
  parts: QueryCollaborators,
  readings: Readings = createReadings(parts),
): QueryService => new StoreQueryService(parts, readings);
