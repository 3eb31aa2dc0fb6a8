// What the figures depend on: the machine, and how long its disk takes to sync.

import {
  closeSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

const tmpfsType = 0x01021994;

/** One line that names the machine and the programs. */
export function machineLine(postgresVersion) {
  const cores = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const parts = [`${cores.length} x ${cores[0]?.model ?? 'unknown'} (${arch()})`, memory];
  parts.push(`Linux ${release()}`, `Node.js ${process.versions.node}`);
  parts.push(postgresVersion ?? 'no PostgreSQL');
  return parts.join(', ');
}

/** The value below which the given share of the sorted numbers lies. */
export function percentile(sorted, share) {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Median of a list of numbers. */
export function median(numbers) {
  return percentile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  );
}

/** Appends 1 KiB and syncs it, again and again: p50 and p99 in milliseconds. */
export function measureSync(folder, count) {
  const path = join(folder, 'sync');
  const file = openSync(path, 'a');
  const block = Buffer.alloc(1024, 120);
  const times = [];
  for (let n = 0; n < count; n += 1) {
    writeSync(file, block);
    const begin = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - begin);
  }
  closeSync(file);
  rmSync(path);
  times.sort((a, b) => a - b);
  return {
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    inMemory: statfsSync(folder).type === tmpfsType,
  };
}

/** Private memory of a process in MiB, without mapped files; undefined where /proc is missing. */
export function privateMemoryMib(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024);
  } catch {
    return undefined;
  }
}
