/** Checks of the disk below the data directories: writable, room, and how long a sync takes. */
import { type Disk, diskErrorCode } from '../../io/disk.js';
import { bad, type Check, type CheckResult, good, type Surroundings } from './check.js';

/** Below this the server refuses writes (spec 4.3). */
const freeBytesMin = 256 * 1024 * 1024;
const freeBytesComfortable = 2 * 1024 * 1024 * 1024;
const syncSamples = 64;
const sampleBytes = 1024;
/** Above this each single write waits noticeably; group commit still carries many at once. */
const slowSyncMs = 20;

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;

/** The directory itself, or the nearest one above it that is there. */
const nearestExisting = async (disk: Disk, path: string): Promise<string> => {
  let at = path.replace(/\/+$/, '') || '/';
  while (!(await disk.exists(at))) {
    const slash = at.lastIndexOf('/');
    at = slash > 0 ? at.slice(0, slash) : slash === 0 ? '/' : '.';
  }
  return at;
};

const probeName = (directory: string, { random }: Surroundings): string =>
  `${directory}/.stemedb-doctor-${Buffer.from(random.bytes(8)).toString('hex')}`;

/** Makes, syncs and removes a small file; the time of each sync in milliseconds, sorted. */
const sampleSyncs = async (
  surroundings: Surroundings,
  directory: string,
  samples: number,
): Promise<readonly number[]> => {
  const { disk, clock } = surroundings;
  const path = probeName(directory, surroundings);
  const file = await disk.open(path, 'create');
  try {
    const times: number[] = [];
    for (let index = 0; index < samples; index += 1) {
      await file.write(new Uint8Array(sampleBytes), index * sampleBytes);
      const start = clock.monotonicMs();
      await file.datasync();
      times.push(clock.monotonicMs() - start);
    }
    return times.sort((a, b) => a - b);
  } finally {
    await file.close();
    await disk.remove(path);
  }
};

const checkWritable = async (
  surroundings: Surroundings,
  name: string,
  path: string,
): Promise<CheckResult> => {
  const existing = await nearestExisting(surroundings.disk, path);
  try {
    await sampleSyncs(surroundings, existing, 1);
    const detail = existing === path ? 'writable' : `will be made in ${existing}`;
    return good(name, `${path}: ${detail}`);
  } catch (error) {
    const advice = 'Give this user write access, or name another directory.';
    return bad(name, 'fail', `${existing}: ${diskErrorCode(error) || error}`, advice);
  }
};

const checkSpace = async (
  { disk }: Surroundings,
  name: string,
  path: string,
): Promise<CheckResult> => {
  const title = `${name}, space`;
  const free = await disk.freeBytes(await nearestExisting(disk, path));
  if (free >= freeBytesComfortable) return good(title, `${mebibytes(free)} free`);
  const status = free < freeBytesMin ? 'fail' : 'warn';
  const advice = `Writes stop below ${mebibytes(freeBytesMin)}: make room.`;
  return bad(title, status, `${mebibytes(free)} free`, advice);
};

export const checkDirectories: Check = async (surroundings) => {
  const results: CheckResult[] = [];
  for (const [name, path] of [
    ['log directory', surroundings.walDir],
    ['store directory', surroundings.dbDir],
  ] as const) {
    results.push(await checkWritable(surroundings, name, path));
    results.push(await checkSpace(surroundings, name, path));
  }
  return results;
};

/** Nearest-rank percentile of sorted numbers. */
const percentile = (sorted: readonly number[], fraction: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? 0;

export const checkSync: Check = async (surroundings) => {
  const name = 'sync to disk';
  try {
    const existing = await nearestExisting(surroundings.disk, surroundings.walDir);
    const times = await sampleSyncs(surroundings, existing, syncSamples);
    const [middle, slow] = [percentile(times, 0.5), percentile(times, 0.99)];
    const detail = `p50 ${middle.toFixed(2)} ms, p99 ${slow.toFixed(2)} ms`;
    if (middle <= slowSyncMs) return [good(name, detail)];
    return [bad(name, 'warn', detail, 'Put the log on a faster disk: each write waits for it.')];
  } catch (error) {
    const detail = `not measured: ${diskErrorCode(error) || error}`;
    return [bad(name, 'warn', detail, 'See the line about the log directory.')];
  }
};
