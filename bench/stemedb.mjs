// Our server on a free port, with its data in a directory of the run.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, HttpServer } from './http_server.mjs';
import { percentile } from './statistics.mjs';

const serverPath = fileURLToPath(
  new URL('../packages/server/dist/src/bin/stemedb-api.js', import.meta.url),
);
const arrayClaimsMax = 1_000;
const streamLines = 10_000;
const streamsAtOnce = 2;
const linesType = 'application/x-ndjson';

/**
 * Starts StemeDB on a directory; `cache` false keeps no answers, `cacheMib` so many. `secondsMax`
 * bounds recovery.
 */
export async function startStemedb(run, name, options = {}) {
  const { cache = true, cacheMib, secondsMax = 120 } = options;
  const home = join(run.folder, name);
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    STEMEDB_BIND_ADDR: `127.0.0.1:${port}`,
    STEMEDB_WAL_DIR: join(home, 'wal'),
    STEMEDB_DB_DIR: join(home, 'db'),
    STEMEDB_LOG_LEVEL: 'warn',
    ...(cache ? {} : { STEMEDB_CACHE_SIZE: '0' }),
    ...(cacheMib === undefined ? {} : { STEMEDB_CACHE_SIZE: `${cacheMib}MiB` }),
  };
  const child = run.children.start(process.execPath, [serverPath], { env, cwd: home });
  const server = new Stemedb(run, child, port);
  await server.answers('/v1/health/ready', secondsMax);
  return server;
}

class Stemedb extends HttpServer {
  /** Sends claims, which must all be new; returns how many. */
  async #batch(type, body) {
    const answer = await this.request('/v1/assert/batch', {
      method: 'POST',
      headers: { 'Content-Type': type },
      body,
    });
    const text = await answer.text();
    const { created, duplicate, refused } = JSON.parse(text.trimEnd().split('\n').at(-1));
    if (duplicate !== 0 || refused !== 0) throw new Error(`not all is new: ${text.slice(0, 600)}`);
    return created;
  }

  /** Stores claims, which may be signed, as arrays. */
  async fill(claims) {
    for (let at = 0; at < claims.length; at += arrayClaimsMax) {
      const part = claims.slice(at, at + arrayClaimsMax);
      await this.#batch('application/json', JSON.stringify(part));
    }
  }

  /** Stores many claims, the ones that `make` gives for `from` to `to`, as streams of lines. */
  async fillMany(from, to, make) {
    let at = from;
    const send = async () => {
      while (at < to) {
        const first = at;
        at = Math.min(to, at + streamLines);
        const line = (_, index) => `${JSON.stringify(make(first + index))}\n`;
        const lines = Array.from({ length: at - first }, line);
        await this.#batch(linesType, lines.join(''));
      }
    };
    await Promise.all(Array.from({ length: streamsAtOnce }, send));
  }

  /** Sends streams of lines at once, whose claims must all be new. */
  async sendStreams(bodies) {
    await Promise.all(bodies.map((body) => this.#batch(linesType, body)));
  }

  /** Sends streams of lines, so many at once, for some seconds and until the last is answered. */
  async streamFor(bodies, atOnce, seconds) {
    const times = [];
    let claims = 0;
    const begin = performance.now();
    const send = async () => {
      while (performance.now() - begin < seconds * 1000) {
        const sent = performance.now();
        const body = bodies.pop();
        if (body === undefined) throw new Error('the prepared lines were too few');
        // Not added in one expression: its left side would be read before the wait.
        const created = await this.#batch(linesType, body);
        claims += created;
        times.push(performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, send));
    const elapsed = (performance.now() - begin) / 1000;
    times.sort((a, b) => a - b);
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
    return { requests: times.length, rate: claims / elapsed, p50, p99 };
  }

  async claimsCount() {
    const { assertion_count } = await this.get('/v1/health');
    return assertion_count;
  }
}
