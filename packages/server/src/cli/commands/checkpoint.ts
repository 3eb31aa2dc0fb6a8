/**
 * `stemedb checkpoint`: the signed checkpoint of a server's log, verified, and with `--save` held
 * against the one that was saved before. Kept where the server's operator cannot reach, the file is
 * what shows later that nothing was changed.
 */
import type { StemeClient } from '@stemedb/client';
import { type Checkpoint, formatVkey, toBase64, verifyConsistency } from '@stemedb/model';
import { diskErrorCode } from '../../io/disk.js';
import { counted } from '../cells.js';
import type { Register } from '../command.js';
import {
  altered,
  checkpointKey,
  decodeHashes,
  fetchCheckpoint,
  savedCheckpoint,
  setBack,
} from '../log_files.js';
import { CommandError } from '../report.js';
import type { Session } from '../session.js';

interface CheckpointOptions {
  readonly save?: string;
  readonly vkey?: string;
}

const checkpoint = async (session: Session, options: CheckpointOptions): Promise<undefined> => {
  const { io, report } = session;
  const { save } = options;
  const client = session.client();
  const key = await checkpointKey(client, options.vkey);
  const isSaved = save !== undefined && (await isThere(session, save));
  const before = isSaved ? await savedCheckpoint(io, save, key) : undefined;
  const { note, checkpoint: now } = await fetchCheckpoint(client, key);
  if (before !== undefined) await checkConsistency(client, before, now);
  if (save !== undefined) await io.files.replace(save, note).catch(cannotSave(save));
  const vkey = formatVkey(key);
  if (report.options.json) {
    const { origin, size, root } = now;
    const consistent_with = before?.size ?? null;
    await report.json({ origin, size, root: toBase64(root), vkey, consistent_with, note });
    return;
  }
  if (save === undefined) {
    await report.line(note.trimEnd());
    await report.note(`The key: ${vkey}`);
    return;
  }
  const held =
    before === undefined ? 'the first one here' : `it holds the ${before.size} of before`;
  await report.line(`Saved the checkpoint of ${counted(now.size, 'record')} as ${save}: ${held}.`);
  if (before === undefined) await report.note(`The key, to be noted elsewhere: ${vkey}`);
};

/** Whether a file is there. Anything else in its place is not to be replaced by one. */
const isThere = async ({ io }: Session, path: string): Promise<boolean> => {
  const found = await io.files.sizeOf(path).catch((error: unknown) => {
    if (diskErrorCode(error) === 'ENOENT') return 'nothing' as const;
    return cannotSave(path)(error);
  });
  if (found === undefined) return cannotSave(path)(new Error('it is not a regular file'));
  return found !== 'nothing';
};

const cannotSave = (path: string) => (cause: unknown) => {
  const why = cause instanceof Error ? cause.message : String(cause);
  const detail = `The checkpoint cannot be saved as ${path}: ${why}.`;
  throw new CommandError({ code: 'data_directory_unwritable', detail, cause });
};

/** Ends the command unless the tree of before is the beginning of the tree of now. */
const checkConsistency = async (
  client: StemeClient,
  before: Checkpoint,
  now: Checkpoint,
): Promise<void> => {
  if (now.size < before.size) throw setBack(before.size, now.size);
  const proof = await client.consistency(before.size, now.size);
  const hashes = decodeHashes(proof.hashes);
  if (hashes !== undefined && verifyConsistency(before, now, hashes)) return;
  throw altered(
    `The ${before.size} records that the server signed before are not the beginning of the ` +
      `${now.size} that it has now.`,
  );
};

export const registerCheckpoint: Register = (program, run) => {
  program
    .command('checkpoint')
    .description('fetch the signed checkpoint of the log and verify it')
    .option('--save <file>', 'keep it here, when it continues the one that is there')
    .option('--vkey <key>', 'the key that must have signed it (default: what the server names)')
    .action((options: CheckpointOptions, command) =>
      run(command, (session) => checkpoint(session, options)),
    );
};
