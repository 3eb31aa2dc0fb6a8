/**
 * The file `repairing` in a log directory: a repair takes the log out of it, and a shorter one is
 * to take its place. While it is there no server starts, so that nobody takes what is half moved
 * for a log, or an empty directory for a new one.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, parseJson } from '@stemedb/model';
import type { Disk } from '../io/disk.js';
import { readSmallFile, replaceSmallFile } from './small_file.js';

export const repairingFileName = 'repairing';

const fileBytesMax = 4096;

export interface Repairing {
  /** Name of the directory in the log directory into which the log is moved. */
  readonly aside: string;
  /** `moved`: all of it is there, and nothing of it is where it was. */
  readonly phase: 'moving' | 'moved';
}

/** Durable when it resolves. Rejects with errors of the disk. */
export const writeRepairing = (disk: Disk, directory: string, state: Repairing): Promise<void> => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(state)}\n`);
  return replaceSmallFile(disk, directory, repairingFileName, bytes);
};

/** Undefined when no repair is under way. Rejects with errors of the disk. */
export const readRepairing = async (
  disk: Disk,
  directory: string,
): Promise<Outcome<Repairing | undefined>> => {
  const path = join(directory, repairingFileName);
  if (!(await disk.exists(path))) return ok(undefined);
  const parsed = parseJson(await readSmallFile(disk, path, fileBytesMax));
  const state = parsed.ok ? (parsed.value as unknown as Repairing) : undefined;
  const isState = /^set-aside-\d{8}-\d{6}$/.test(String(state?.aside));
  if (isState && (state?.phase === 'moving' || state?.phase === 'moved')) return ok(state);
  const detail =
    `The file ${path} is damaged: it names the directory beside it into which the log was moved. ` +
    'Move the files of the newest "set-aside-" directory back, remove this file, and begin anew.';
  return fail({ code: 'log_corrupt', detail });
};

/** Why a directory in which a repair was cut off is not to be used. */
export const repairCutOff = (directory: string): Outcome<never> =>
  fail({
    code: 'conflict',
    detail:
      `A repair of ${directory} was begun and not ended. Run "stemedb repair --cut" once more: ` +
      'it goes on where it stopped.',
  });
