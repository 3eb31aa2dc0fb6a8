/**
 * The engine over LMDB: a memory-mapped B+ tree with copy-on-write pages, one writer, readers that
 * never wait. Commits run on the library's own thread; a commit is visible when its promise
 * resolves and durable after `flush`. The overlapping-sync mode keeps the file whole through a
 * power cut; the last commits may be lost then, and the log has them.
 *
 * Values are copied out of the map: what a reader holds survives any later commit.
 *
 * Failure model: what the library refuses to read because its pages are not what it wrote is
 * `StoreCorruption`, like an entry whose seal is broken. The transaction may be of no use after
 * that, and with it every snapshot that is open: who opens one afterwards gets another transaction.
 */
import { open, type RootDatabase } from 'lmdb';
import { StoreCorruption } from './corruption.js';
import type { Change, Engine, EngineSnapshot, Range, Visitor } from './engine.js';
import { tableNameOf } from './keys.js';
import { lmdbDamage } from './lmdb_file.js';

export interface LmdbOptions {
  /** Upper bound of the file, bytes; address space, not memory. */
  readonly mapBytesMax?: number;
  /** Called when all is closed, as the last of `close`. */
  readonly onClosed?: () => Promise<void>;
}

/** Readers at once, over all processes: one for each open snapshot. */
const readersMax = 1024;
/** Longest key that a 4 KiB page takes, as lmdb is built here. */
const keyBytesMax = 1978;

/**
 * The library lends its buffers: what is kept has to be copied. A copy of its own for each key and
 * value costs more than finding them, so a `visit` gets them in buffers that are used again, one
 * for each length.
 */
let isLending = false;

class Lender {
  readonly #buffers: Buffer[] = [];

  take(lent: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    if (!isLending || length > lentBytesMax)
      return Uint8Array.prototype.slice.call(lent, start, end);
    let buffer = this.#buffers[length];
    if (buffer === undefined) {
      buffer = Buffer.alloc(length);
      this.#buffers[length] = buffer;
    }
    // Not `copy` or `set`: both are confused by the length that the library sets.
    for (let index = 0; index < length; index += 1) buffer[index] = lent[start + index] ?? 0;
    return buffer;
  }
}

/** Longer keys and values are rare: they get buffers of their own. */
const lentBytesMax = 256;
const keys = new Lender();
const values = new Lender();

const readBytes = (lent: Uint8Array, start: number, end: number): Uint8Array =>
  keys.take(lent, start, end);

/** The library sets `length` of the buffer that it lends to the length of the value. */
const copyOut = (lent: Uint8Array): Uint8Array =>
  isLooking ? lent : values.take(lent, 0, lent.length);

/** True while the library finds a value that is looked at where it lies. */
let isLooking = false;

/** Looks at a value in the library's own buffer, which its next call uses again. */
function lookAt<T>(find: () => Uint8Array | undefined, read: (value: Uint8Array) => T) {
  isLooking = true;
  let lent: Uint8Array | undefined;
  try {
    lent = find();
  } finally {
    isLooking = false;
  }
  return lent === undefined ? undefined : read(lent);
}

/** What a reader is told of an error that the library threw while it looked for a key. */
function readingError(error: unknown, key: Uint8Array): unknown {
  const damage = lmdbDamage(error);
  if (damage === undefined) return error;
  return new StoreCorruption(tableNameOf(key), key, `cannot be read, ${damage}`, { cause: error });
}

/** Of no table, and never there when a transaction ends. */
const passingKey = Uint8Array.of(0xff, 0);

/**
 * Makes the library open a new transaction for who reads next: it gives out the one before as long
 * as that is open and no commit has come, also when it answers nothing any more.
 */
function renewReading(database: Database): void {
  try {
    database.transactionSync(() => {
      database.putSync(passingKey, new Uint8Array(1));
      database.removeSync(passingKey);
    });
    database.resetReadTxn();
  } catch {
    // Damaged where it would write as well: others read again when the last snapshot is released.
  }
}

function writeBytes(key: Uint8Array, target: Uint8Array, start: number): number {
  target.set(key, start);
  return start + key.length;
}

type Database = RootDatabase<Uint8Array, Uint8Array>;
type Transaction = ReturnType<Database['useReadTransaction']>;

interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Opens or creates the database in a directory. Throws what the library throws. */
export function lmdbEngine(path: string, options: LmdbOptions = {}): Engine {
  const database = open<Uint8Array, Uint8Array>(path, {
    keyEncoder: { writeKey: writeBytes, readKey: readBytes },
    encoder: { encode: (value: Uint8Array) => value, decode: copyOut },
    // A path with a dot in its last segment is a directory all the same.
    noSubdir: false,
    separateFlushed: true,
    maxReaders: readersMax,
    ...(options.mapBytesMax === undefined ? {} : { mapSize: options.mapBytesMax }),
  });
  return new LmdbEngine(database, options.onClosed);
}

class LmdbEngine implements Engine {
  readonly #database: Database;
  readonly #onClosed: LmdbOptions['onClosed'];

  constructor(database: Database, onClosed: LmdbOptions['onClosed']) {
    this.#database = database;
    this.#onClosed = onClosed;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#database.get(key);
    } catch (error) {
      throw this.#readingError(error, key);
    }
  }

  look<T>(key: Uint8Array, read: (value: Uint8Array) => T): T | undefined {
    return lookAt(() => this.get(key), read);
  }

  range(range: Range): Iterable<KeyValue> {
    return checked(walk(this.#database, range, undefined), (error) =>
      this.#readingError(error, range.gte),
    );
  }

  snapshot(): EngineSnapshot {
    // The library renews its shared transaction once a turn; a snapshot must not be older than
    // a commit that this or another process has finished before the call.
    this.#database.resetReadTxn();
    return new LmdbSnapshot(this.#database, this.#database.useReadTransaction());
  }

  async commit(changes: readonly Change[]): Promise<void> {
    for (const { key } of changes) {
      if (key.length > keyBytesMax) throw new Error(`a key of ${key.length} bytes is too long`);
    }
    const database = this.#database;
    const isDone = await database.batch(() => {
      for (const change of changes) {
        if (change.type === 'put') database.put(change.key, change.value);
        else database.remove(change.key);
      }
    });
    if (!isDone) throw new Error('the engine did not commit a batch');
    database.resetReadTxn();
  }

  async flush(): Promise<void> {
    await this.#database.flushed;
  }

  async diskBytes(): Promise<number> {
    const stats = this.#database.getStats() as {
      readonly pageSize: number;
      readonly lastPageNumber: number;
    };
    return (stats.lastPageNumber + 1) * stats.pageSize;
  }

  async close(): Promise<void> {
    await this.#database.close();
    await this.#onClosed?.();
  }

  #readingError(error: unknown, key: Uint8Array): unknown {
    renewReading(this.#database);
    return readingError(error, key);
  }
}

class LmdbSnapshot implements EngineSnapshot {
  readonly #database: Database;
  readonly #transaction: Transaction;
  readonly #options: { readonly transaction: Transaction };
  #isReleased = false;
  #isBroken = false;

  constructor(database: Database, transaction: Transaction) {
    this.#database = database;
    this.#transaction = transaction;
    this.#options = { transaction };
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    try {
      return this.#database.get(key, this.#options);
    } catch (error) {
      throw this.#readingError(error, key);
    }
  }

  look<T>(key: Uint8Array, read: (value: Uint8Array) => T): T | undefined {
    return lookAt(() => this.get(key), read);
  }

  range(range: Range): Iterable<KeyValue> {
    this.#assertOpen();
    return checked(walk(this.#database, range, this.#transaction), (error) =>
      this.#readingError(error, range.gte),
    );
  }

  visit(range: Range, visitor: Visitor): void {
    this.#assertOpen();
    const iterator = this.#iterator(range);
    try {
      for (;;) {
        const next = this.#lentBy(iterator, range);
        if (next.done === true) return;
        visitor(next.value.key, next.value.value);
      }
    } finally {
      iterator.return?.();
    }
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#transaction.done();
    if (this.#isBroken) this.#database.resetReadTxn();
  }

  /** Opens a cursor, which a transaction that met damage refuses. */
  #iterator(range: Range): Iterator<KeyValue> {
    try {
      return walk(this.#database, range, this.#transaction)[Symbol.iterator]();
    } catch (error) {
      throw this.#readingError(error, range.gte);
    }
  }

  /** The next entry of a range in buffers that are used again; without a generator's costs. */
  #lentBy(entries: Iterator<KeyValue>, { gte }: Range): IteratorResult<KeyValue> {
    isLending = true;
    try {
      return entries.next();
    } catch (error) {
      throw this.#readingError(error, gte);
    } finally {
      isLending = false;
    }
  }

  #readingError(error: unknown, key: Uint8Array): unknown {
    if (!this.#isBroken) renewReading(this.#database);
    this.#isBroken = true;
    return readingError(error, key);
  }

  /** Reading through a finished transaction would read freed memory. */
  #assertOpen(): void {
    if (this.#isReleased) throw new Error('a released snapshot was read');
  }
}

function walk(
  database: Database,
  range: Range,
  transaction: Transaction | undefined,
): Iterable<KeyValue> {
  const common = {
    ...(range.limit === undefined ? {} : { limit: range.limit }),
    ...(transaction === undefined ? {} : { transaction }),
  };
  if (Buffer.compare(range.gte, range.lt) >= 0) return [];
  if (range.reverse !== true) {
    return database.getRange({ start: range.gte, end: range.lt, ...common });
  }
  // Backwards the library includes the start and excludes the end: the other way round than here.
  return database.getRange({
    start: range.lt,
    end: range.gte,
    reverse: true,
    exclusiveStart: true,
    inclusiveEnd: true,
    ...common,
  });
}

/**
 * The same entries; what the library throws on the way comes as `errorOf` says it. The library's
 * iterator holds its transaction until it is told to return, also after it has thrown.
 */
function* checked(
  entries: Iterable<KeyValue>,
  errorOf: (error: unknown) => unknown,
): Generator<KeyValue, void, void> {
  let iterator: Iterator<KeyValue> | undefined;
  try {
    for (;;) {
      let next: IteratorResult<KeyValue>;
      try {
        iterator ??= entries[Symbol.iterator]();
        next = iterator.next();
      } catch (error) {
        throw errorOf(error);
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    iterator?.return?.();
  }
}
