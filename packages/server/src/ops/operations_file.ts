/**
 * When backups, archive passes, verifications and drills of a database last succeeded: one small
 * file each in the log directory, so that a server beside them can say so in its metrics and two
 * writers never lose each other's note. Not part of the database: a copy leaves them out.
 */
import { join } from 'node:path';
import {
  canonicalBytes,
  fail,
  type JsonObject,
  type JsonValue,
  type Outcome,
  ok,
  parseJson,
} from '@stemedb/model';
import { type Disk, diskErrorCode } from '../io/disk.js';
import { readSmallFile, replaceSmallFile } from '../log/small_file.js';

const operationNames = ['backup', 'archive', 'archive_verify', 'verify', 'drill'] as const;
export type OperationName = (typeof operationNames)[number];

/** An operation that has succeeded. */
export interface OperationNote {
  readonly finishedAtMs: number;
  /** Records of the log that it covers. */
  readonly position: number;
  /** Of the backup, or where it went; for people. */
  readonly name: string;
}

const fileBytesMax = 4096;

const fileNameOf = (operation: OperationName): string => `operation-${operation}.json`;

/** The files of all notes: they are of one log, so another one does not take them along. */
export const operationFileNames: readonly string[] = operationNames.map(fileNameOf);

/** Durable when it resolves; a reader sees the old note or the new. Rejects with disk errors. */
export const noteOperation = (
  disk: Disk,
  walDir: string,
  operation: OperationName,
  { finishedAtMs, position, name }: OperationNote,
): Promise<void> => {
  const content = { v: 1, finished_at_ms: finishedAtMs, position, name };
  return replaceSmallFile(disk, walDir, fileNameOf(operation), canonicalBytes(content));
};

/** What has succeeded so far; an operation that never did is not in it. */
export const readOperations = async (
  disk: Disk,
  walDir: string,
): Promise<Outcome<ReadonlyMap<OperationName, OperationNote>>> => {
  const notes = new Map<OperationName, OperationNote>();
  for (const operation of operationNames) {
    const path = join(walDir, fileNameOf(operation));
    const bytes = await readIfThere(disk, path);
    if (!bytes.ok) return bytes;
    if (bytes.value === undefined) continue;
    const note = decode(bytes.value);
    if (note === undefined) return damaged(path, 'it is no note that this version writes');
    notes.set(operation, note);
  }
  return ok(notes);
};

const readIfThere = async (disk: Disk, path: string): Promise<Outcome<Uint8Array | undefined>> => {
  try {
    if (!(await disk.exists(path))) return ok(undefined);
    return ok(await readSmallFile(disk, path, fileBytesMax));
  } catch (cause) {
    return damaged(path, `it cannot be read (${diskErrorCode(cause)})`, cause);
  }
};

const damaged = (path: string, what: string, cause?: unknown): Outcome<never> =>
  fail({
    code: 'internal',
    detail: `Of ${path}: ${what}. Remove it; the next success of that operation writes it anew.`,
    ...(cause === undefined ? {} : { cause }),
  });

const decode = (bytes: Uint8Array): OperationNote | undefined => {
  const parsed = parseJson(bytes);
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
  const { v, finished_at_ms: finishedAtMs, position, name } = parsed.value;
  if (v !== 1 || !isCount(finishedAtMs) || !isCount(position)) return undefined;
  return typeof name === 'string' ? { finishedAtMs, position, name } : undefined;
};

const isCount = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
