/**
 * The head of an archive: all that it holds at one moment, in one small object. Heads are numbered
 * and never replaced, so of two archivers one makes the next head and the other sees that it did
 * not. The text is canonical JSON with its own hash: no byte of it can change unnoticed.
 */
import {
  canonicalBytes,
  fail,
  type JsonObject,
  type JsonValue,
  type Outcome,
  ok,
  parseJson,
} from '@stemedb/model';
import type { Continuation } from '../../log/continuation.js';
import { CompactRange, type WrittenRange } from '../../log/merkle/compact_range.js';
import { sha256Hex } from '../copied_file.js';
import { CopyDamagedError } from '../log_copy.js';
import type { StoredObject } from './stored_object.js';

/** A sealed segment. */
export interface SealedSegment extends StoredObject {
  readonly firstOffset: number;
}

/** A piece of the open segment: bytes from `start` on. */
export interface TailPart extends StoredObject {
  readonly start: number;
  /** How often what is in it was merged. */
  readonly level: number;
}

/** No head names it any more; removed when nobody can be reading it. */
export interface RetiredObject {
  readonly name: string;
  readonly sinceMs: number;
  /** The first head that does not name it. */
  readonly generation: number;
}

/** Heads that are kept, for a look at what was and for when the newest is damaged. */
export const headsKept = 8;

export interface ArchiveHead {
  readonly generation: number;
  readonly databaseId: string;
  readonly logId: string;
  readonly nodeId: string;
  readonly vkey: string;
  /** The tree of all records that are archived. */
  readonly tree: WrittenRange;
  readonly root: string;
  readonly assertions: number;
  readonly newestStamp: string;
  readonly checkpoint: string;
  /** The log that a restored one goes on from. */
  readonly continues: Continuation | null;
  readonly sealed: {
    readonly count: number;
    /** How many of them are encrypted. */
    readonly encrypted: number;
    /** Of the segments. */
    readonly bytes: number;
    /** Of their objects. */
    readonly storedBytes: number;
    /** The newest list of those that are not in `recent`; each list names the one before. */
    readonly list: StoredObject | null;
    readonly recent: readonly SealedSegment[];
  };
  readonly open: {
    readonly firstOffset: number;
    /** Archived so far. */
    readonly bytes: number;
    /** Of these bytes. */
    readonly sha256: string;
    readonly parts: readonly TailPart[];
  };
  readonly identity: StoredObject | null;
  readonly retired: readonly RetiredObject[];
  readonly writtenAtMs: number;
  readonly writer: string;
}

const format = 'stemedb-archive-1';

export const encodeHead = (head: ArchiveHead): Uint8Array => {
  const content = { format, head: head as unknown as JsonObject };
  return canonicalBytes({ ...content, sha256: sha256Hex(canonicalBytes(content)) });
};

/** Throws `CopyDamagedError` for what is no head that was put under this key. */
export const decodeHead = (
  key: string,
  bytes: Uint8Array,
  { generation, databaseId, logId }: Pick<ArchiveHead, 'generation' | 'databaseId' | 'logId'>,
): Outcome<ArchiveHead> => {
  const damaged = (what: string): never => {
    throw new CopyDamagedError(key, what);
  };
  const parsed = parseJson(bytes);
  if (!parsed.ok || !isObject(parsed.value)) return damaged('it is not JSON');
  const { sha256, ...content } = parsed.value;
  const isExact = Buffer.compare(canonicalBytes(parsed.value), bytes) === 0;
  if (!isExact || sha256 !== sha256Hex(canonicalBytes(content))) {
    return damaged('its SHA-256 is that of another content');
  }
  if (content.format !== format) {
    const detail = `${key} has the format ${JSON.stringify(content.format)}, which is newer.`;
    return fail({ code: 'format_too_new', detail });
  }
  const head = content.head as unknown as ArchiveHead;
  const isIts =
    head.generation === generation && head.databaseId === databaseId && head.logId === logId;
  if (!isIts) return damaged('it is the head of another moment or log');
  if (CompactRange.from(head.tree)?.root !== head.root) return damaged('its root is another');
  return ok(head);
};

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
