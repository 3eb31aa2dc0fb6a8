// What the figures depend on: the machine, its disk, and the memory that a process holds.

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { percentile } from './statistics.mjs';

const tmpfsType = 0x01021994;
/** A slow disk is measured with fewer appends, so that this stays short. */
const syncMsMax = 5_000;

/** One line that names the machine and the programs. */
export function machineLine(...programs) {
  const cores = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const parts = [`${cores.length} x ${cores[0]?.model ?? 'unknown'} (${arch()})`, memory];
  parts.push(`Linux ${release()}`, `Node.js ${process.versions.node}`, ...programs);
  return parts.join(', ');
}

/** Appends 1 KiB and syncs it, again and again: p50 and p99 in milliseconds. */
export function measureSync(folder, count) {
  const path = join(folder, 'sync');
  const file = openSync(path, 'a');
  const block = Buffer.alloc(1024, 120);
  const times = [];
  const deadline = performance.now() + syncMsMax;
  for (let begin = performance.now(); times.length < count && begin < deadline; ) {
    writeSync(file, block);
    fdatasyncSync(file);
    const now = performance.now();
    times.push(now - begin);
    begin = now;
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

/** One figure of `/proc/PID/status` in MiB; undefined where there is none. */
function statusMib(pid, name) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Private memory of a process in MiB, without mapped files; undefined where /proc is missing. */
export function privateMemoryMib(pid) {
  return statusMib(pid, 'RssAnon');
}

function childrenOf(pid) {
  const isChild = (id) => {
    try {
      // The parent stands two fields behind the name, which may hold anything but ends with `)`.
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isChild(name));
}

/** Private memory in MiB of a process and of all that it started. */
export function familyMemoryMib(pid) {
  const ids = [pid, ...childrenOf(pid)];
  return ids.reduce((sum, id) => sum + (privateMemoryMib(id) ?? 0), 0);
}

/** Bytes that directories take on their disk. */
export function diskBytes(...folders) {
  const output = execFileSync('du', ['-s', '--block-size=1', ...folders], { encoding: 'utf8' });
  const sizes = output
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[0]));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes that a user may still write where a directory lies. */
export function freeBytes(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
