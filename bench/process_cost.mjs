// What a process has cost so far, as Linux counts it: processor time of all threads and of the
// main one, and bytes that it had the disk write.

import { readFileSync } from 'node:fs';

/** The kernel reports times to programs in hundredths of a second on every platform. */
const tickMs = 10;

/** Milliseconds of processor time in a `stat` file; the name before them may hold anything. */
function processorMs(path) {
  const stat = readFileSync(path, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** What a process has cost until now. */
export function costOf(pid) {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  return {
    allMs: processorMs(`/proc/${pid}/stat`),
    mainMs: processorMs(`/proc/${pid}/task/${pid}/stat`),
    writtenBytes: Number(/^write_bytes: (\d+)/m.exec(io)?.[1]),
  };
}

/** Microseconds of processor time, and bytes, for each of so many things done between the two. */
export function costEach(before, after, count) {
  return {
    microseconds: ((after.allMs - before.allMs) * 1000) / count,
    mainThreadMicroseconds: ((after.mainMs - before.mainMs) * 1000) / count,
    writtenBytes: (after.writtenBytes - before.writtenBytes) / count,
  };
}
