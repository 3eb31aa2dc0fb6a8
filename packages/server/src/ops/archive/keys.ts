/**
 * The names of an archive's objects: `<database id>/<log id>/<folder>/<name>`. A name ends with the
 * first half of its SHA-256, so two that differ never meet under one name, and one that is
 * there already is the same: whoever puts it a second time, after a crash or beside another
 * archiver, changes nothing.
 *
 *     heads/000000000042                     the archive as it stood after the 42nd commit
 *     segments/<first offset>-<hash>.wal.gz  a sealed segment
 *     parts/<first offset>-<start>-<hash>.wal.gz  a piece of the open one
 *     sealed/<count>-<hash>.json             descriptions of sealed segments
 *     identity/<hash>.json.gz.age            the node's key; only where everything is encrypted
 */
import { sha256Hex } from '../copied_file.js';

/** Whose archive: 32 hex digits each. */
export interface ArchivedLog {
  readonly databaseId: string;
  readonly logId: string;
}

const generationDigits = 12;
const positionDigits = 16;
const hashDigits = 32;

const numbered = (value: number, digits: number, radix: number): string =>
  value.toString(radix).padStart(digits, '0');

export const folderOf = ({ databaseId, logId }: ArchivedLog): string => `${databaseId}/${logId}/`;

export const headKey = (log: ArchivedLog, generation: number): string =>
  `${folderOf(log)}heads/${numbered(generation, generationDigits, 10)}`;

/** The name of an object in its folder, by what is stored in it. */
const named = (prefix: string, stored: Uint8Array, suffix: string): string =>
  `${prefix}${sha256Hex(stored).slice(0, hashDigits)}${suffix}`;

const offsetText = (offset: number): string => numbered(offset, positionDigits, 16);

export const segmentNameInArchive = (offset: number, stored: Uint8Array, suffix: string): string =>
  named(`segments/${offsetText(offset)}-`, stored, `.wal${suffix}`);

export const partName = (
  { offset, start }: { readonly offset: number; readonly start: number },
  stored: Uint8Array,
  suffix: string,
): string => named(`parts/${offsetText(offset)}-${offsetText(start)}-`, stored, `.wal${suffix}`);

export const sealedListName = (count: number, stored: Uint8Array): string =>
  named(`sealed/${numbered(count, generationDigits, 10)}-`, stored, '.json');

export const identityName = (stored: Uint8Array, suffix: string): string =>
  named('identity/', stored, `.json${suffix}`);

export interface FoundHead extends ArchivedLog {
  readonly generation: number;
}

const headPattern = /^([0-9a-f]{32})\/([0-9a-f]{32})\/heads\/(\d{12})$/;

/** The head that a key names; undefined for every other object. */
export const headOfKey = (key: string): FoundHead | undefined => {
  const [, databaseId, logId, digits] = headPattern.exec(key) ?? [];
  if (databaseId === undefined || logId === undefined) return undefined;
  return { databaseId, logId, generation: Number(digits) };
};

/** First offset of the segment that a segment or part belongs to, by its name in the folder. */
export const offsetOfObject = (name: string): number | undefined => {
  const [, digits] = /^(?:segments|parts)\/([0-9a-f]{16})-/.exec(name) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
};

/** The beginning of its SHA-256, which the name of an object ends with. */
export const hashOfObject = (name: string): string | undefined =>
  /-([0-9a-f]{32})\.wal\./.exec(name)?.[1];
