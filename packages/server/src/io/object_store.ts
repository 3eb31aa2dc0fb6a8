/**
 * Whole immutable objects by key, as archives and backups are kept in: a directory or an
 * S3-compatible service. Nothing here knows what the objects mean.
 *
 * Keys are `/`-joined names of `[A-Za-z0-9._-]`; no key is a folder of another one. Failures
 * reject with an `ObjectStoreError`; what passes (a 503, a broken connection) is retried inside,
 * a bounded number of times.
 */
export interface ObjectStore {
  /** The place, for people; no secrets. */
  readonly place: string;
  /**
   * Durable when it resolves; readers see the old, the new, or none, never a part. 'exists':
   * `ifAbsent` was asked and something is there, which may be what an earlier try of this very
   * put left whose answer was lost.
   */
  put(
    key: string,
    bytes: Uint8Array,
    options?: { readonly ifAbsent?: boolean },
  ): Promise<'stored' | 'exists'>;
  /** undefined: there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** All whose key begins with these characters, in bytewise key order; what has no key is not. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** Gone or never there: both well. */
  remove(key: string): Promise<void>;
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * `denied`: the credentials or permissions do not suffice. `full`: no room is left. `unavailable`:
 * it cannot be reached or failed, and may be well again later. `invalid`: the place or the request
 * is wrong, and stays so.
 */
type ObjectStoreFault = 'denied' | 'full' | 'unavailable' | 'invalid';

export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
  readonly code: ObjectStoreFault;

  constructor(code: ObjectStoreFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Segments have 64 MiB; far above it an object cannot be one of ours. */
export const objectBytesMax = 1024 * 1024 * 1024;

/** Room is left for what file systems append; S3 allows 1,024 for the whole key. */
const nameCharactersMax = 200;
const keyCharactersMax = 900;

const namePattern = /^[A-Za-z0-9._-]+$/;

/** True for a name that a key may consist of. */
export function isObjectName(name: string): boolean {
  const isFolder = name === '.' || name === '..';
  return namePattern.test(name) && !isFolder && name.length <= nameCharactersMax;
}

/** False for what others have put there, as the folders that consoles make: `name/`. */
export function isKey(key: string): boolean {
  return key.length <= keyCharactersMax && key.split('/').every(isObjectName);
}

/** Refuses what is no key, before anything is asked of a store. */
export function checkKey(key: string): void {
  if (isKey(key)) return;
  throw new ObjectStoreError('invalid', `"${key}" cannot be the key of an object.`);
}

/** Refuses an object that no store has to take. */
export function checkObjectBytes(key: string, bytes: number): void {
  if (bytes <= objectBytesMax) return;
  throw new ObjectStoreError('invalid', `${key} has ${bytes} bytes, more than an object may have.`);
}
