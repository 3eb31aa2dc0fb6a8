/**
 * Puts damaged files of a log directory right from a copy of the same log. What the directory would
 * be is examined before a byte is changed, and what it has become after. Each damaged file is
 * copied aside before the mended one takes its place at once, so a cut at any point leaves a
 * directory that is as damaged as before or less, and the same command goes on.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Disk } from '../../io/disk.js';
import { decodeIdentity, identityFileName } from '../../log/identity.js';
import { checkpointFileName } from '../../log/merkle/checkpoint_file.js';
import { writeSmallFile } from '../../log/small_file.js';
import type { LogCopy } from '../log_copy.js';
import { type Examination, type ExamineInput, examine, isSound } from './examine.js';
import { mendsFrom, wholeFile } from './mends.js';
import { type Patches, patchedDisk } from './patched_disk.js';

export interface MendPlan {
  readonly patches: Patches;
  /** The directory as the patches would leave it. */
  readonly after: Examination;
}

/** What a copy would put right. Changes nothing. */
export const planMend = async (
  input: ExamineInput,
  before: Examination,
  copy: LogCopy,
): Promise<Outcome<MendPlan>> => {
  const { disk, directory } = input;
  const { ids, faults, survey } = before;
  const { databaseId, logId } = copy.facts;
  if (ids !== undefined && (ids.databaseId !== databaseId || ids.logId !== logId)) {
    return fail(otherLog(copy, ids.logId));
  }
  const findings = [...survey.damage, ...(survey.tornTail === undefined ? [] : [survey.tornTail])];
  const beside = await patchesBeside(faults, copy);
  const suspects = await mendsFrom(disk, directory, copy, findings, 'suspects');
  if (!suspects.ok) return suspects;
  const plan = await planWith(input, new Map([...suspects.value, ...beside]));
  if (isSound(plan.after)) return ok(plan);
  // What it takes may be elsewhere, or the copy is of another history: only reading all tells.
  const all = await mendsFrom(disk, directory, copy, findings, 'all');
  if (!all.ok) return all;
  if (all.value.size === suspects.value.size) return ok(plan);
  return ok(await planWith(input, new Map([...all.value, ...beside])));
};

const patchesBeside = async (faults: Examination['faults'], copy: LogCopy): Promise<Patches> => {
  const patches = new Map<string, () => Promise<Uint8Array>>();
  if (faults.has(identityFileName)) {
    const bytes = await identityOf(copy);
    if (bytes !== undefined) patches.set(identityFileName, async () => bytes);
  }
  const { checkpoint } = copy;
  if (faults.has(checkpointFileName) && checkpoint !== undefined) {
    patches.set(checkpointFileName, async () => new TextEncoder().encode(checkpoint));
  }
  return patches;
};

const planWith = async (
  input: ExamineInput,
  patches: Map<string, (() => Promise<Uint8Array>) | undefined>,
): Promise<MendPlan> => {
  const { disk, directory } = input;
  const look = () => examine({ ...input, disk: patchedDisk(disk, directory, patches) });
  const after = await look();
  const torn = after.survey.tornTail;
  const load = torn === undefined ? undefined : patches.get(torn.segment);
  if (torn === undefined || load === undefined) return { patches, after };
  // What stood behind the copy's bytes is of no use: the next start would cut it away.
  patches.set(torn.segment, async () => (await load()).subarray(0, torn.byte));
  return { patches, after: await look() };
};

/** The identity in a copy, when it is that of the log. */
const identityOf = async (copy: LogCopy): Promise<Uint8Array | undefined> => {
  const bytes = await copy.identity();
  if (bytes === undefined) return undefined;
  const identity = decodeIdentity(bytes, identityFileName);
  return identity.ok && identity.value.logId === copy.facts.logId ? bytes : undefined;
};

const otherLog = ({ facts }: LogCopy, logId: string): StemeError => ({
  code: 'conflict',
  detail:
    `The copy ${facts.name} is of log ${facts.logId}, and the directory has log ${logId}: its ` +
    'files do not fit. Nothing was changed; restore the copy into an empty directory instead.',
});

export interface MendInput extends ExamineInput {
  readonly disk: Disk;
  /** A directory in the log directory; made when missing. */
  readonly asideName: string;
}

/** Carries a plan out; the value is what the directory has become. Rejects with disk errors. */
export const carryOutMend = async (
  input: MendInput,
  { patches }: MendPlan,
): Promise<Outcome<Examination>> => {
  const { disk, directory, asideName } = input;
  const aside = join(directory, asideName);
  await disk.makeDirectory(aside);
  await disk.syncDirectory(directory);
  const mended = patchedDisk(disk, directory, patches);
  for (const name of patches.keys()) {
    const path = join(directory, name);
    const bytes = await wholeFile(mended, path);
    if (await disk.exists(path)) await writeNew(disk, aside, name, await wholeFile(disk, path));
    await writeNew(disk, directory, `${name}.mended`, bytes);
    await disk.rename(`${path}.mended`, path);
    await disk.syncDirectory(directory);
  }
  const after = await examine(input);
  return isSound(after) ? ok(after) : fail(notMended(directory));
};

const notMended = (directory: string): StemeError => ({
  code: 'log_failed',
  detail:
    `The log in ${directory} was written from the copy and does not read back as written: the ` +
    'disk cannot be trusted. Restore the copy on another one.',
});

/** Durable with its name; what stood there from an earlier run is replaced. */
const writeNew = async (
  disk: Disk,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> => {
  await writeSmallFile(disk, join(directory, name), bytes);
  await disk.syncDirectory(directory);
};
