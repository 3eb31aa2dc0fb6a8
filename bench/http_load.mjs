// Load on an HTTP server from a process of its own: wrk, or a Node.js program where wrk is not
// installed, which takes several times as much of the machine.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
/** For preparing, connecting and the last answers. */
const secondsBeside = 60;
const answerSecondsMax = 30;

/** The version of wrk; undefined when it is not installed. */
export function findWrk() {
  const { stdout, error } = spawnSync('wrk', ['-v'], { encoding: 'utf8' });
  return error === undefined ? /^wrk \S+/.exec(stdout)?.[0].replace('debian/', '') : undefined;
}

/** The program and its arguments; `file` holds the requests, `pauseMs` is the mean between two. */
function commandOf({ wrk, port, connections, seconds, file, again, pauseMs }) {
  const order = [file, again ? 'again' : 'once', `${pauseMs}`];
  if (wrk === undefined) {
    const args = [join(here, 'node_load.mjs'), `${port}`, `${connections}`, `${seconds}`];
    return { program: process.execPath, args: [...args, ...order] };
  }
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, `--timeout=${answerSecondsMax}s`];
  args.push('-s', join(here, 'wrk.lua'), `http://127.0.0.1:${port}/`, '--', ...order);
  return { program: 'wrk', args };
}

/**
 * Keeps every connection busy for some seconds, one request in flight on each. Returns requests,
 * their rate, and latencies in milliseconds. `mayBreak` allows the server to go away meanwhile.
 */
export async function loadHttp(children, settings) {
  const { again = true, pauseMs = 0, mayBreak = false } = settings;
  const { program, args } = commandOf({ ...settings, again, pauseMs });
  const secondsMax = settings.seconds + secondsBeside;
  const output = await children.run(program, args, { secondsMax });
  const { requests, seconds, p50, p99, max, failed, broken, exhausted } = JSON.parse(
    output.slice(output.indexOf('\n{') + 1),
  );
  if (exhausted) throw new Error('the prepared requests were too few for so fast a server');
  if (failed > 0) throw new Error(`${failed} of ${requests} requests were refused`);
  if (broken > 0 && !mayBreak) throw new Error(`${broken} connections failed`);
  return { requests, rate: requests / seconds, p50, p99, max };
}
