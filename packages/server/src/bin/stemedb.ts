#!/usr/bin/env node
/** `stemedb`: the command line. */
import { type Outcome, ok } from '@stemedb/model';
import { runCli } from '../cli/run.js';
import type { CliServices } from '../cli/services.js';
import { systemCliIo } from '../cli/system_io.js';
import { type ConfigSources, type LoadedConfig, loadConfig } from '../config/config.js';
import { readBindAddress } from '../guard/bind.js';
import { openDatabase } from './database.js';
import { memoryBytesMax, rowsInBound } from './memory_bound.js';
import { readTextFile } from './read_text_file.js';
import { systemEffects, systemEngine } from './system_effects.js';
import { version } from './version.js';

const readConfig = (
  flags: ConfigSources['flags'],
  file: string | undefined,
): Promise<Outcome<LoadedConfig>> =>
  loadConfig({ flags, env: process.env, file, readFile: readTextFile, checkBind: readBindAddress });

const services: CliServices = {
  openDatabase: (directories, onReplay) =>
    openDatabase(
      { ...directories, signatures: 'optional', policy: 'as_recorded' },
      { ...systemEffects(), ...(onReplay === undefined ? {} : { onReplay }) },
    ),
  engine: systemEngine,
  memoryBytesMax: (cacheBytes) => memoryBytesMax(cacheBytes, rowsInBound),
  serve: async ({ walDir, dbDir }) => {
    const flags = { wal_dir: walDir, db_dir: dbDir, bind_addr: '127.0.0.1:0', log_level: 'error' };
    const loaded = await readConfig(flags, undefined);
    if (!loaded.ok) return loaded;
    // Loaded when it is needed: no other command should wait for a whole server.
    const { orderlyExit, serve } = await import('./serve.js');
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
