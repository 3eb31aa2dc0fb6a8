#!/usr/bin/env node
/** `stemedb`: the command line. */
import { ok } from '@stemedb/model';
import { runCli } from '../cli/run.js';
import type { CliServices } from '../cli/services.js';
import { systemCliIo } from '../cli/system_io.js';
import { loadConfig } from '../config/config.js';
import { readBindAddress } from '../guard/bind.js';
import { openDatabase } from './database.js';
import { memoryBytesMax, rowsInBound } from './memory_bound.js';
import { readTextFile } from './read_text_file.js';
import { systemEffects, systemEngine } from './system_effects.js';
import { version } from './version.js';

const services: CliServices = {
  openDatabase: (directories, onReplay) =>
    openDatabase(
      { ...directories, signatures: 'optional', policy: 'as_recorded' },
      { ...systemEffects(), ...(onReplay === undefined ? {} : { onReplay }) },
    ),
  engine: systemEngine,
  memoryBytesMax: (cacheBytes) => memoryBytesMax(cacheBytes, rowsInBound),
  readConfig: async (file) => {
    const loaded = await loadConfig({
      flags: {},
      env: process.env,
      file,
      readFile: readTextFile,
      checkBind: readBindAddress,
    });
    return loaded.ok ? ok(loaded.value.lines) : loaded;
  },
};

process.exitCode = await runCli(process.argv.slice(2), systemCliIo(services), version);
