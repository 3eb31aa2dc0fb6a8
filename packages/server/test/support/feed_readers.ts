/**
 * Readers of the feed that page, follow, stop at any record and go on from it, each with a filter
 * of its own; and what the feed of a log must tell them, restated from its frames.
 */
import assert from 'node:assert/strict';
import {
  decodeStored,
  type FeedRecord,
  kindNumber,
  kindOfNumber,
  type Outcome,
  type RecordContent,
  type RecordId,
  recordIdOf,
  recordKinds,
} from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import type { LogRecord } from '../../src/log/log.js';
import type { Followed, Follower } from '../../src/query/feed.js';
import type { FeedFilter } from '../../src/query/feed_entry.js';
import type { Seeded } from './seeded.js';

const must = <T>(outcome: Outcome<T>): T => {
  if (outcome.ok) return outcome.value;
  throw new Error(`the feed answered otherwise: ${outcome.error.code}: ${outcome.error.detail}`);
};

const parsed = (text: Uint8Array): unknown => JSON.parse(Buffer.from(text).toString());

export class FeedReader {
  readonly filter: FeedFilter;
  /** All that was told, in order. */
  readonly records: FeedRecord[] = [];
  #since: string | undefined;
  #follower: Follower | undefined;

  constructor(filter: FeedFilter) {
    this.filter = filter;
  }

  /** Reads a piece in one of the ways that there are. */
  async read(database: Database, random: Seeded): Promise<void> {
    if (this.#follower === undefined && random.chance(0.5)) await this.#page(database, random);
    else await this.#follow(database, random);
    if (random.chance(0.3)) this.forgetSome(random);
  }

  /** Reads until nothing is left. */
  async drain(database: Database, random: Seeded): Promise<void> {
    this.stop();
    while (await this.#page(database, random));
  }

  /** Ends what is open, as a broken connection does. */
  stop(): void {
    this.#follower?.close();
    this.#follower = undefined;
  }

  /** Falls back to a record that it was told before, and goes on behind it. */
  forgetSome(random: Seeded): void {
    this.stop();
    const kept = this.records.length - random.below(Math.min(this.records.length, 20) + 1);
    this.records.length = kept;
    const last = this.records.at(-1);
    this.#since = last?.cursor;
  }

  async #page(database: Database, random: Seeded): Promise<boolean> {
    const limit = 1 + random.below(random.chance(0.5) ? 5 : 200);
    const question = { ...this.#question(), limit };
    const principal = { type: 'node', agentId: database.agentId } as const;
    const text = must(await database.feed.page(principal, question));
    const page = parsed(text) as { records: FeedRecord[]; next_cursor: string; more: boolean };
    assert.ok(page.records.length <= limit, 'the feed answered otherwise: a page beyond its limit');
    this.#take(database, page.records);
    this.#since = page.next_cursor;
    return page.more;
  }

  async #follow(database: Database, random: Seeded): Promise<void> {
    const principal = { type: 'node', agentId: database.agentId } as const;
    const wake = (): void => undefined;
    this.#follower ??= must(await database.feed.follow(principal, this.#question(), wake));
    for (let pieces = 1 + random.below(3); pieces > 0; pieces -= 1) {
      const piece: Followed = must(await this.#follower.read());
      const { items, cursor, release } = piece;
      const records = items.map(({ json }) => parsed(json) as FeedRecord);
      this.#take(database, records);
      assert.deepEqual(
        records.map((record) => record.cursor),
        items.map((item) => item.cursor),
        'the feed answered otherwise: an event whose id is not the cursor of its record',
      );
      this.#since = cursor;
      release();
    }
  }

  #question(): FeedFilter & { readonly since?: string } {
    return this.#since === undefined ? this.filter : { ...this.filter, since: this.#since };
  }

  #take(database: Database, records: readonly FeedRecord[]): void {
    for (const record of records) {
      const isVisible = database.store.place(record.id) !== undefined;
      assert.ok(isVisible, `the feed answered otherwise: ${record.id} is not visible yet`);
      this.records.push(record);
    }
  }
}

/** A filter of each sort now and then. */
export const someFilter = (random: Seeded, paths: readonly string[]): FeedFilter => ({
  ...(random.chance(0.4) ? { kind: random.pick(recordKinds) } : {}),
  ...(random.chance(0.5) ? { prefix: somePrefix(random.pick(paths), random) } : {}),
});

const somePrefix = (path: string, random: Seeded): string => {
  const ends = [...path.matchAll(/[^/]\//g)].map(({ index }) => index + 1);
  const end = random.pick([path.length, ...ends]);
  return path.slice(0, end) + (random.chance(0.2) ? '/' : '');
};

interface Expected {
  readonly record: LogRecord;
  readonly id: RecordId;
  /** False when what it is about was logged later, so that it depends on when it was read. */
  readonly isSure: boolean;
}

const contentOf = (record: LogRecord): RecordContent | undefined =>
  kindOfNumber(record.kind) === undefined
    ? undefined
    : (decodeStored(record.bytes) as unknown as RecordContent);

/** The claim or alias that a record is about, and whether all on the way was there before it. */
const subjectOf = (
  record: LogRecord,
  known: ReadonlyMap<RecordId, LogRecord>,
): { readonly paths: readonly string[]; readonly isSure: boolean } => {
  let at: LogRecord | undefined = record;
  let isSure = true;
  while (at !== undefined) {
    const content = contentOf(at);
    if (content?.kind === 'assertion') return { paths: [content.concept_path], isSure };
    if (content?.kind === 'alias') return { paths: [content.a, content.b], isSure };
    if (content === undefined || !('target' in content)) return { paths: [], isSure };
    at = known.get(content.target);
    if (at !== undefined && at.sequence > record.sequence) isSure = false;
  }
  return { paths: [], isSure };
};

/** What a reader with this filter is to be told of a log. */
export const expectedOf = (
  history: readonly LogRecord[],
  { kind, prefix }: FeedFilter,
): readonly Expected[] => {
  const first = new Map<RecordId, LogRecord>();
  for (const record of history) {
    const id = recordIdOf(record.bytes);
    if (!first.has(id)) first.set(id, record);
  }
  const expected: Expected[] = [];
  for (const [id, record] of first) {
    if (kind !== undefined && record.kind !== kindNumber[kind]) continue;
    const { paths, isSure } = subjectOf(record, first);
    const segments = prefix?.replace(/\/$/, '') ?? '';
    const isOnlyBelow = prefix?.endsWith('/') === true;
    const within = paths.some(
      (path) => (path === segments && !isOnlyBelow) || path.startsWith(`${segments}/`),
    );
    if (prefix === undefined || within) expected.push({ record, id, isSure });
  }
  return expected;
};
