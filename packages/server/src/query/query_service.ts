/**
 * A question's way: moment -> view -> pairs -> candidates -> filters -> lens -> answer.
 *
 * The work is done in steps: between them the deadline and the caller's cancellation are looked at
 * and other requests get their turn, so one large question neither outlives its time nor stops the
 * server.
 */
import type { Answer, Outcome, RecordId, StatedRecord } from '@stemedb/model';
import { decodeComposed, fail, invalidField, ok } from '@stemedb/model';
import type { Principal } from '../ingest/principal.js';
import type { Lens } from '../lens/lens.js';
import type { Pair } from '../store/candidate_loader.js';
import { AnswerCache } from './answer_cache.js';
import { AnsweredPage } from './answered_page.js';
import type { Moment } from './as_of.js';
import type { QueryCollaborators } from './collaborators.js';
import { readCursor, writeCursor } from './cursor.js';
import { movesWithTime } from './moving.js';
import { readPage } from './page.js';
import type { Cancellation, QueryService, Question, RecordOptions } from './question.js';
import { createReadings, type Reading, type Readings } from './readings.js';
import { openSitting } from './sitting.js';
import { statedRecord } from './stated.js';
import { jsonBytes } from './stored_json.js';

export { type QueryCollaborators, type QueryLimits, queryLimits } from './collaborators.js';

/** What a caller may see goes into its cursors; the whole database until keys carry prefixes. */
export const scopeOf = (principal: Principal): string =>
  principal.type === 'key' ? (principal.prefix ?? '') : '';

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

  askForText(
    principal: Principal,
    question: Question,
    signal?: Cancellation,
  ): Outcome<Uint8Array> | Promise<Outcome<Uint8Array>> {
    const kept = this.#keptText(principal, question);
    return kept === undefined ? this.#workOut(principal, question, signal) : ok(kept);
  }

  /** The answer when its page is kept and it is about the newest record: no moment has to be waited
   * for, and nothing is read. */
  #keptText(principal: Principal, question: Question): Uint8Array | undefined {
    const { asOf, minPosition, cursor } = question;
    const isAboutNewest = (asOf ?? minPosition ?? cursor) === undefined;
    if (!isAboutNewest || !this.#pages.isOn) return undefined;
    const lens = this.#parts.lenses.get(question.lens);
    if (lens === undefined || movesWithTime(question, lens) !== false) return undefined;
    const scope = scopeOf(principal);
    return this.#readings.glance((snapshot, moment) => {
      const page = this.#pages.kept(question, scope, moment.stamp, snapshot);
      return page && this.#text(question, scope, page, moment);
    });
  }

  async #workOut(
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
    const moment = reading.momentKind === 'moving' ? page.asked.moment : reading.moment;
    return this.#text(question, scope, page, moment);
  }

  #text(question: Question, scope: string, page: AnsweredPage, moment: Moment): Uint8Array {
    const { random, cursorKey, clock, timeline } = this.#parts;
    const state = page.next === undefined ? undefined : { ...moment, after: page.next };
    const cursor = state && writeCursor(cursorKey, question, scope, state, clock.wallMs());
    const isFinal = timeline.isFinal(moment.stamp);
    return page.text({ moment, isFinal, cursor, id: random.bytes(16) });
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
    const asked = { lens: lens.name, moment, policy: policy.id, selfDeclared };
    return new AnsweredPage(asked, jsonBytes(results), next);
  }
}

/** Makes the service of questions; `readings` are shared with all else that is read. */
export const createQueryService = (
  parts: QueryCollaborators,
  readings: Readings = createReadings(parts),
): QueryService => new StoreQueryService(parts, readings);
