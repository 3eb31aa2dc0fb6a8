/**
 * The newest checkpoint that was given out, kept in the log directory as the file `checkpoint`. It
 * is durable before anybody sees it, so it shows at the next start which records had been durable
 * (spec 4.3), and what was once signed is never contradicted.
 */
import { join } from 'node:path';
import {
  type Checkpoint,
  type Ed25519Verify,
  fail,
  keyPairFromSeed,
  noteKeyOf,
  type Outcome,
  ok,
  openCheckpoint,
  originOf,
} from '@stemedb/model';
import type { Disk, ReadDisk } from '../../io/disk.js';
import type { Identity } from '../identity.js';
import { readSmallFile, replaceSmallFile } from '../small_file.js';

export const checkpointFileName = 'checkpoint';
const fileBytesMax = 65_536;

/** A checkpoint and the signed note that states it. */
export interface SignedCheckpoint {
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

/**
 * The checkpoint in a log directory; undefined when none was ever given out. `log_corrupt` when
 * the file is not one of this node for this log. Rejects with errors of the disk.
 */
export async function readCheckpointFile(
  disk: ReadDisk,
  directory: string,
  identity: Identity,
  verify: Ed25519Verify,
): Promise<Outcome<SignedCheckpoint | undefined>> {
  const path = join(directory, checkpointFileName);
  if (!(await disk.exists(path))) return ok(undefined);
  const note = new TextDecoder().decode(await readSmallFile(disk, path, fileBytesMax));
  const origin = originOf(identity.databaseId, identity.logId);
  const key = noteKeyOf(origin, keyPairFromSeed(identity.nodeKeySeed).agentId);
  const opened = openCheckpoint(note, key, verify);
  if (opened.ok) return ok({ note, checkpoint: opened.value });
  return fail({
    code: 'log_corrupt',
    detail:
      `The file ${path} is damaged: ${opened.error.detail} It shows how far the log had been ` +
      'durable. Restore it from a backup of this directory, or put the newest checkpoint that ' +
      'was saved elsewhere in its place, after "stemedb verify --checkpoint" agrees with that. ' +
      'Only when there is none, remove the file: the node then starts without it, and a lost ' +
      'end of the log is not noticed.',
    cause: opened.error,
  });
}

/** Keeps the note in place of the one before, durably. Rejects with errors of the disk. */
export function keepCheckpoint(disk: Disk, directory: string, note: string): Promise<void> {
  return replaceSmallFile(disk, directory, checkpointFileName, new TextEncoder().encode(note));
}
