/**
 * How bytes of the log become the bytes of an object and back: compressed with gzip, then, when
 * there are recipients, encrypted with age (age-encryption.org/v1). Whoever has the secret key can
 * open an object with the two programs of these names, and needs nothing of ours.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { StemeError } from '@stemedb/model';
import { type ObjectStore, objectBytesMax } from '../../io/object_store.js';
import { loadChecked, sha256Hex } from '../copied_file.js';
import { CopyDamagedError } from '../log_copy.js';
import type { Seal, Unseal } from './seals.js';

/** What a head or a list says of an object. */
export interface StoredObject {
  /** In the folder of its log. */
  readonly name: string;
  /** Of the object. */
  readonly storedBytes: number;
  readonly storedSha256: string;
  /** Of what is in it. */
  readonly bytes: number;
  readonly sha256: string;
  readonly isEncrypted: boolean;
}

/** The fastest level: the figures are in decision 182. */
const gzipLevel = 1;

const compress = promisify<Uint8Array, { readonly level: number }, Buffer>(gzip);
const expand = promisify<Uint8Array, { readonly maxOutputLength: number }, Buffer>(gunzip);

export const suffixOf = (seal: Seal | undefined): string =>
  seal === undefined ? '.gz' : '.gz.age';

export interface PackedObject {
  readonly stored: Uint8Array;
  readonly described: Omit<StoredObject, 'name'>;
}

export const pack = async (bytes: Uint8Array, seal: Seal | undefined): Promise<PackedObject> => {
  const compressed = await compress(bytes, { level: gzipLevel });
  const stored = seal === undefined ? compressed : await seal(compressed);
  const described = {
    storedBytes: stored.length,
    storedSha256: sha256Hex(stored),
    bytes: bytes.length,
    sha256: sha256Hex(bytes),
    isEncrypted: seal !== undefined,
  };
  return { stored, described };
};

/** An archive is encrypted, and there is no key or the wrong one. */
export class ArchiveLockedError extends Error {
  override readonly name = 'ArchiveLockedError';

  constructor(what: string, cause?: unknown) {
    const why =
      cause === undefined
        ? 'is encrypted; name the file of the secret key with --identity or ' +
          'STEMEDB_ARCHIVE_IDENTITY_FILE'
        : 'was encrypted for another key than those in the identity file';
    super(`${what} ${why}.`, { cause });
  }

  get error(): StemeError {
    return { code: 'invalid_configuration', detail: this.message, cause: this };
  }
}

/** The bytes of an object, checked; rejects with `CopyDamagedError`. */
export const loadPlain = (
  store: ObjectStore,
  folder: string,
  { name, storedBytes: bytes, storedSha256: sha256 }: StoredObject,
): Promise<Uint8Array> => {
  const place = `${folder}${name}`;
  return loadChecked({ name, place, bytes, sha256, load: () => store.get(place) });
};

/**
 * What is in an object, checked on both sides; rejects with `CopyDamagedError`, and with
 * `ArchiveLockedError` when the secret key is missing or another.
 */
export const loadStored = async (
  store: ObjectStore,
  folder: string,
  object: StoredObject,
  unseal: Unseal | undefined,
): Promise<Uint8Array> => {
  const key = `${folder}${object.name}`;
  const stored = await loadPlain(store, folder, object);
  const bytes = await unpack(key, stored, object.isEncrypted, unseal);
  if (bytes?.length === object.bytes && sha256Hex(bytes) === object.sha256) return bytes;
  throw new CopyDamagedError(key, 'what is in it is not what was put into it');
};

/** What `pack` was given; undefined when it is nothing that was packed. */
export const unpack = async (
  key: string,
  stored: Uint8Array,
  isEncrypted: boolean,
  unseal: Unseal | undefined,
): Promise<Uint8Array | undefined> => {
  const compressed = isEncrypted ? await unsealed(key, stored, unseal) : stored;
  return expand(compressed, { maxOutputLength: objectBytesMax }).catch(() => undefined);
};

const unsealed = async (
  key: string,
  stored: Uint8Array,
  unseal: Unseal | undefined,
): Promise<Uint8Array> => {
  if (unseal === undefined) throw new ArchiveLockedError(key);
  try {
    return await unseal(stored);
  } catch (cause) {
    // The object is as it was put, so it is the key that does not fit.
    throw new ArchiveLockedError(key, cause);
  }
};
