/**
 * The ordered key-value engine that the store is written on: the only contract a storage library
 * has to meet. Keys and values are bytes; keys order bytewise.
 */
/** Where an entry is read from: an engine or a snapshot of it. */
export interface Gets {
  /** The value, which stays valid after the call; undefined when the key is not there. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** What `read` makes of the value, which is lent until it returns; undefined when there is
   * none. `read` must not read the engine. For long values of which little is needed. */
  look<T>(key: Uint8Array, read: (value: Uint8Array) => T): T | undefined;
}

export interface Range {
  /** Inclusive lower bound. */
  readonly gte: Uint8Array;
  /** Exclusive upper bound. */
  readonly lt: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export type Change =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array };

export type Visitor = (key: Uint8Array, value: Uint8Array) => void;

/** Reads that all see one committed state. Must be released. */
export interface EngineSnapshot extends Gets {
  /** A read met damage of the engine's own files; what is read after that may be refused as well,
   * so whoever keeps snapshots for others takes a new one. */
  readonly isBroken: boolean;
  range(range: Range): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  /** The same for scans that keep nothing: key and value are lent until the visitor returns. */
  visit(range: Range, visitor: Visitor): void;
  release(): void;
}

/** Its own reads are of the newest committed state. */
export interface Engine extends Gets {
  range(range: Range): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  snapshot(): EngineSnapshot;
  /** Applies all changes or none; resolves when they are visible to every reader. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Resolves when everything committed is on stable storage. */
  flush(): Promise<void>;
  /** Bytes used on disk. */
  diskBytes(): Promise<number>;
  close(): Promise<void>;
}
