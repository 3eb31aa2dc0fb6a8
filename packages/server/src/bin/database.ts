/**
 * The composition root: opens a database from its two directories and wires the rooms together.
 * Everything that touches the world comes in through `Effects`, so that a test can run a whole
 * database on a simulated disk and clock.
 *
 * The order of opening is the order of trust: locks, identity, store (what does it claim to have?),
 * log (is that so?), replay, clock above every stamp seen, policy, ingest, query.
 */
import { fail, type Outcome, type StemeError } from '@stemedb/model';
import { DamagedRecord } from '../query/records.js';
import { StoreCorruption } from '../store/corruption.js';
import { assemble } from './assemble.js';
import type { Database, DatabaseOptions, Effects } from './database_contract.js';
import { closeFiles, type Files, openFiles, remakeStore } from './database_files.js';
import { lockDirectories } from './directories.js';
import type { OpenEngine } from './store_files.js';

export type {
  Database,
  DatabaseOptions,
  Effects,
} from './database_contract.js';

/** Opens a database, making it when the directories are empty. */
export const openDatabase = async (
  options: DatabaseOptions,
  effects: Effects,
): Promise<Outcome<Database>> => {
  const locked = await lockDirectories(effects.disk, [options.walDir, options.dbDir]);
  if (!locked.ok) return locked;
  const release = locked.value;
  let opened: Outcome<Database> | undefined;
  try {
    const files = await openFiles(options, effects);
    opened = files.ok ? await assembleSound(files.value, options, effects, release) : files;
    return opened;
  } finally {
    if (opened?.ok !== true) await release();
  }
};

/** Assembles; a store or log that proves damaged only now is treated as at the replay. */
const assembleSound = async (
  files: Files,
  options: DatabaseOptions,
  effects: Effects,
  release: () => Promise<void>,
): Promise<Outcome<Database>> => {
  try {
    return await assemble(files, options, effects, release);
  } catch (error) {
    const damage = damageOf(error, effects.openEngine);
    if (damage?.code === 'store_corrupt' && files.report.storeRebuilt === undefined) {
      const remade = await remakeStore(files, damage.detail, options, effects);
      return remade.ok ? assembleSound(remade.value, options, effects, release) : remade;
    }
    await closeFiles(files);
    if (damage === undefined) throw error;
    return fail(damage);
  }
};

/** What is damaged, when the error says so: an entry, a pointer, or a frame of the log. */
const damageOf = (error: unknown, { damage }: OpenEngine): StemeError | undefined => {
  const detail = damage?.(error);
  if (detail !== undefined) return { code: 'store_corrupt', detail, cause: error };
  if (error instanceof StoreCorruption) {
    return { code: 'store_corrupt', detail: error.message, cause: error };
  }
  if (!(error instanceof DamagedRecord)) return undefined;
  // With a cause the log could not read the frame; without, the store pointed at another record.
  const code = error.cause === undefined ? 'store_corrupt' : 'log_corrupt';
  return { code, detail: error.message, cause: error };
};
