#!/usr/bin/env node
/** `stemedb`: the command line. */
import { type Outcome, ok } from '@stemedb/model';
import { runCli } from '../cli/run.js';
import type { CliServices } from '../cli/services.js';
import { systemCliIo } from '../cli/system_io.js';
import type { ConfigSources, LoadedConfig } from '../config/config.js';
import { readBindAddress } from '../guard/bind.js';
import { readTextFile } from './read_text_file.js';
import { version } from './version.js';

/** Loaded when a command needs them: most only ask a server, and should not wait for one. */
const parts = {
  config: () => import('../config/config.js'),
  database: () => import('./database.js'),
  system: () => import('./system_effects.js'),
  memory: () => import('./memory_bound.js'),
  server: () => import('./serve.js'),
};

const readConfig = async (
  flags: ConfigSources['flags'],
  file: string | undefined,
): Promise<Outcome<LoadedConfig>> => {
  const { loadConfig } = await parts.config();
  const world = { env: process.env, readFile: readTextFile, checkBind: readBindAddress };
  return loadConfig({ flags, file, ...world });
};

const services: CliServices = {
  openDatabase: async (directories, onReplay) => {
    const [{ openDatabase }, { systemEffects }] = await Promise.all([
      parts.database(),
      parts.system(),
    ]);
    return openDatabase(
      { ...directories, signatures: 'optional', policy: 'as_recorded' },
      { ...systemEffects(), ...(onReplay === undefined ? {} : { onReplay }) },
    );
  },
  engine: {
    open: async (directory) => (await parts.system()).systemEngine.open(directory),
    remove: async (directory) => (await parts.system()).systemEngine.remove(directory),
    fault: async (directory) => (await parts.system()).systemEngine.fault?.(directory),
  },
  memoryBytesMax: async (cacheBytes) => {
    const { memoryBytesMax, rowsInBound } = await parts.memory();
    return memoryBytesMax(cacheBytes, rowsInBound);
  },
  serve: async ({ walDir, dbDir }) => {
    const flags = { wal_dir: walDir, db_dir: dbDir, bind_addr: '127.0.0.1:0', log_level: 'error' };
    const loaded = await readConfig(flags, undefined);
    if (!loaded.ok) return loaded;
    const { orderlyExit, serve } = await parts.server();
    const served = await serve(loaded.value.config);
    if (!served.ok) return served;
    const { url, ended, stop } = served.value;
    const stopped = async (): Promise<void> => {
      stop(orderlyExit);
      await ended;
    };
    return ok({ url, stop: stopped });
  },
  readConfig: async (file) => {
    const loaded = await readConfig({}, file);
    return loaded.ok ? ok(loaded.value.lines) : loaded;
  },
};

process.exitCode = await runCli(process.argv.slice(2), systemCliIo(services), version);
