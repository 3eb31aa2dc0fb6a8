#!/usr/bin/env node
/** `stemedb-api`: the server. */
import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from '../cli/exit_codes.js';
import { loadConfig } from '../config/config.js';
import { readBindAddress } from '../guard/bind.js';
import { httpLimits } from '../guard/limits.js';
import { groupCommitLimits } from '../ingest/commit_queue.js';
import { systemClock } from '../io/system_clock.js';
import { feedLimits } from '../query/feed_limits.js';
import { queryLimits } from '../query/query_service.js';
import { memoryBytesMax, rowHeldBytes, rowsInBound } from './memory_bound.js';
import { readTextFile } from './read_text_file.js';
import { orderlyExit, serve } from './serve.js';
import { readArguments, type ServerArguments } from './server_options.js';
import { version } from './version.js';

/** A second signal later than this after the first ends the process at once. */
const repeatedSignalMs = 500;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const complain = (line: string): boolean => process.stderr.write(`stemedb-api: ${line}\n`);

const run = async ({ flags, configFile, printConfig }: ServerArguments): Promise<number> => {
  const loaded = await loadConfig({
    flags,
    env: process.env,
    file: configFile,
    readFile: readTextFile,
    checkBind: readBindAddress,
  });
  if (!loaded.ok) {
    complain(loaded.error.detail);
    return exitCodeOf(loaded.error.code);
  }
  if (printConfig) {
    for (const { key, value, source } of loaded.value.lines) {
      say(`${key} = ${JSON.stringify(value)}  # ${source}`);
    }
    for (const limits of [httpLimits, groupCommitLimits, queryLimits, feedLimits]) {
      for (const [name, value] of Object.entries(limits)) say(`# limit ${name} = ${value}`);
    }
    const memory = memoryBytesMax(loaded.value.config.cacheBytesMax, 0);
    const more = `${rowHeldBytes} more for each claim of the widest pair above ${rowsInBound}`;
    say(`# memory = ${memory} bytes at most, and ${more}`);
    return exitCodes.ok.number;
  }
  const served = await serve(loaded.value.config);
  if (!served.ok) {
    complain(served.error.detail);
    return exitCodeOf(served.error.code);
  }
  const server = served.value;
  let firstMs: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      firstMs ??= systemClock.monotonicMs();
      // A terminal and npm both pass Ctrl-C on: twice within a moment is one wish.
      const isRepeated = systemClock.monotonicMs() - firstMs > repeatedSignalMs;
      if (isRepeated) process.exit(exitCodes.failed.number);
      server.stop(orderlyExit);
    });
  }
  say(`StemeDB ${version} listens on ${server.url}`);
  say(`Documentation of the API: ${server.url}/docs`);
  return server.ended;
};

const start = async (): Promise<number> => {
  try {
    return await run(readArguments(process.argv.slice(2), version));
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok.number : exitCodes.usage.number;
    }
    throw error;
  }
};

process.exitCode = await start();
