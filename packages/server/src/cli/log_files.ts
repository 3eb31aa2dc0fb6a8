/** Checkpoints on the command line: where they come from, and what they are held against. */
import type { StemeClient } from '@stemedb/client';
import {
  type Checkpoint,
  formatVkey,
  fromBase64,
  isByAnotherKey,
  type NoteKey,
  nobleVerify,
  openCheckpoint,
  parseVkey,
} from '@stemedb/model';
import type { CliIo } from './cli_io.js';
import { CommandError, UsageError } from './report.js';

/** The text of a saved checkpoint. */
export const readCheckpointText = (io: CliIo, path: string): Promise<string> =>
  io.files.readText(path).catch((cause: unknown) => {
    const detail = `The checkpoint ${path} cannot be read.`;
    throw new CommandError({ code: 'not_found', detail, cause });
  });

/** The key that checkpoints must be signed by: the one that the user names, else the server's. */
export const checkpointKey = async (
  client: StemeClient,
  vkey: string | undefined,
): Promise<NoteKey> => {
  const key = parseVkey(vkey ?? (await client.logKey()).vkey);
  if (key !== undefined) return key;
  if (vkey !== undefined)
    throw new UsageError('--vkey must be a key as "stemedb checkpoint" shows.');
  const detail = 'The server names a key that is none.';
  throw new CommandError({ code: 'checkpoint_invalid', detail });
};

/** The checkpoint that the server gives out now. */
export const fetchCheckpoint = async (
  client: StemeClient,
  key: NoteKey,
): Promise<{ readonly note: string; readonly checkpoint: Checkpoint }> => {
  const note = await client.checkpoint();
  return { note, checkpoint: opened('The checkpoint of the server', note, key) };
};

/** A saved checkpoint. */
export const savedCheckpoint = async (io: CliIo, path: string, key: NoteKey): Promise<Checkpoint> =>
  opened(`The saved checkpoint ${path}`, await readCheckpointText(io, path), key);

/** One that another key has signed means that the log is another one; junk says nothing of it. */
const opened = (what: string, note: string, key: NoteKey): Checkpoint => {
  if (isByAnotherKey(note, key)) {
    throw altered(`${what} is not signed by the key ${formatVkey(key)}.`);
  }
  const checkpoint = openCheckpoint(note, key, nobleVerify);
  if (checkpoint.ok) return checkpoint.value;
  const detail = `${what} cannot be used. ${checkpoint.error.detail}`;
  throw new CommandError({ code: 'checkpoint_invalid', detail });
};

/** What the server says contradicts what it signed. */
export const altered = (detail: string): CommandError =>
  new CommandError({ code: 'log_altered', detail });

/** The server signed a longer log than it has. */
export const setBack = (sizeBefore: number, sizeNow: number): CommandError =>
  altered(
    `The server signed ${sizeBefore} records before and has ${sizeNow} now: its log was set ` +
      'back or exchanged.',
  );

/** The hashes of a proof, from a server that need not be honest; undefined when they are none. */
export const decodeHashes = (hashes: readonly unknown[]): readonly Uint8Array[] | undefined => {
  const decoded: Uint8Array[] = [];
  for (const text of hashes) {
    const bytes = typeof text === 'string' ? fromBase64(text) : undefined;
    if (bytes?.length !== 32) return undefined;
    decoded.push(bytes);
  }
  return decoded;
};
