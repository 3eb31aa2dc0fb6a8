/**
 * Answers that are kept, under the whole question, the caller's scope and the kind of its moment
 * (spec 5, "Caches"). What is kept is the page that a question computes; moment, cursor and id of
 * the question are the asker's own.
 *
 * - `visible`: of all that the snapshot has, asked as of its newest stamp. Such a page holds for
 *   every later snapshot in which nothing that it read was touched. Not so with an explanation: it
 *   shows the trust in each author, whether or not the lens uses it, and that moves with the stamp.
 * - `fixed`: as of a stated stamp. Records with later stamps do not matter, but touch it all the
 *   same: a page too many is computed, none is wrong.
 * - `moving`: as of now, with a factor that time changes. Such a page is served for at most
 *   `movingAnswerMsMax`, with the moment of its computation.
 */
import type { HlcStamp, JsonValue } from '@stemedb/model';
import { canonicalText } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { Pair } from '../store/candidate_loader.js';
import type { StoreSnapshot } from '../store/store.js';
import { approximateBytes } from './approximate_bytes.js';
import type { CacheSection, QueryCache, SectionKey } from './query_cache.js';
import type { Question } from './question.js';
import { ReadSet, WatchedSnapshot } from './read_set.js';
import type { MomentKind } from './readings.js';

/** How old an answer may be that time alone would change, milliseconds (spec 5). */
export const movingAnswerMsMax = 1000;

/** What is asked, as far as the page that answers it depends on it. */
export interface AskedPage {
  readonly question: Question;
  /** What the caller may see. */
  readonly scope: string;
  /** The last pair of the page before. */
  readonly after: Pair | undefined;
  readonly moment: {
    readonly kind: MomentKind;
    readonly stamp: HlcStamp;
  };
}

interface Written {
  readonly scope: string;
  readonly text: string;
  /** The key of the first page, as of the newest record. */
  readonly first: SectionKey;
}

interface Kept<Page> {
  readonly page: Page;
  readonly computedMonotonicMs: number;
  readonly computedWallMs: number;
}

/** The question without what says where its answer starts, when it is asked and of what node, and
 * without members that say what their absence says. */
const textOf = (question: Question): string => {
  const { cursor: _cursor, minPosition: _position, asOf: _asOf, ...rest } = question;
  const members = Object.entries(rest).filter(
    ([name, value]) =>
      value !== undefined && value !== false && !(name === 'decay' && value === 'none'),
  );
  return canonicalText(Object.fromEntries(members) as unknown as JsonValue);
};

/** Keeps pages of answers; `Page` is what a question computes from a snapshot and a moment. */
export class AnswerCache<Page> {
  readonly #valueBytesMax: number;
  readonly #clock: Clock;
  /** Undefined: every page is computed. */
  readonly #section: CacheSection<Kept<Page>> | undefined;
  /** What keys of a question are made of: to write it costs more than to find a page, and who asks
   * again may do so with the same object. */
  readonly #written = new WeakMap<Question, Written>();

  constructor(cache: QueryCache | undefined, clock: Clock) {
    this.#valueBytesMax = cache?.valueBytesMax ?? 0;
    this.#clock = clock;
    this.#section = cache?.isOn === true ? cache.section('answers') : undefined;
  }

  /**
   * The page, kept or computed. `compute` must read records through the snapshot that it is given,
   * and nothing else that a record could change but what `Generations` counts as touching all.
   */
  async page(
    asked: AskedPage,
    snapshot: StoreSnapshot,
    compute: (watched: StoreSnapshot) => Promise<Page>,
  ): Promise<Page> {
    if (this.#section === undefined) return compute(snapshot);
    const { kind, stamp } = asked.moment;
    const key = this.#keyOf(this.#section, asked, snapshot);
    const sequence = snapshot.appliedSequence;
    const isUsable = (one: Kept<Page>): boolean => kind !== 'moving' || this.#isFresh(one);
    const kept = this.#section.find(key, sequence, isUsable);
    if (kept !== undefined) return kept.page;
    const computed = {
      computedMonotonicMs: this.#clock.monotonicMs(),
      computedWallMs: this.#clock.wallMs(),
    };
    const reads = new ReadSet();
    const page = await compute(new WatchedSnapshot(snapshot, reads, stamp));
    const bytes = approximateBytes(page, this.#valueBytesMax);
    this.#section.keep(key, { value: { page, ...computed }, reads, sequence, bytes });
    return page;
  }

  /** False when every page is computed. */
  get isOn(): boolean {
    return this.#section !== undefined;
  }

  /** The first page as of the newest record, when it is kept; counts nothing when it is not. */
  kept(
    question: Question,
    scope: string,
    stamp: HlcStamp,
    snapshot: StoreSnapshot,
  ): Page | undefined {
    if (this.#section === undefined) return undefined;
    const asked = {
      question,
      scope,
      after: undefined,
      moment: { kind: 'visible', stamp },
    } as const;
    const key = this.#keyOf(this.#section, asked, snapshot);
    return this.#section.findKept(key, snapshot.appliedSequence)?.page;
  }

  #keyOf(
    section: CacheSection<Kept<Page>>,
    { question, scope, after, moment }: AskedPage,
    snapshot: StoreSnapshot,
  ): SectionKey {
    const { kind, stamp } = moment;
    // Records may have become visible since the moment was taken; of those the page has nothing.
    const isPassed = stamp !== snapshot.visibleStamp;
    const isBound = kind === 'visible' && (isPassed || question.explain === true);
    const { text, first } = this.#write(section, question, scope);
    if (kind === 'visible' && !isBound && after === undefined) return first;
    const asOf = isBound || kind === 'fixed' ? stamp : kind;
    const from = after === undefined ? '' : JSON.stringify([after.conceptPath, after.predicate]);
    return section.keyOf(`${asOf} ${from} ${text}`);
  }

  #write(section: CacheSection<Kept<Page>>, question: Question, scope: string): Written {
    const known = this.#written.get(question);
    if (known?.scope === scope) return known;
    const text = `${JSON.stringify(scope)} ${textOf(question)}`;
    const written = { scope, text, first: section.keyOf(`visible  ${text}`) };
    this.#written.set(question, written);
    return written;
  }

  /** By both clocks: when the wall clock was set, "now" is another moment at once. */
  #isFresh({ computedMonotonicMs, computedWallMs }: Kept<Page>): boolean {
    const ageMs = this.#clock.monotonicMs() - computedMonotonicMs;
    const wallStepMs = Math.abs(this.#clock.wallMs() - computedWallMs);
    return ageMs < movingAnswerMsMax && wallStepMs < movingAnswerMsMax;
  }
}
