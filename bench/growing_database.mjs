// A database of ours that grows from size to size. At each it is killed while it is written to and
// started again, and then asked.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskBytes } from './machine.mjs';
import { post, writeRequests } from './requests.mjs';
import { median, summary } from './statistics.mjs';
import { startStemedb } from './stemedb.mjs';
import { candidatesPerConcept, predicate, sizedClaim, sizedConcept, statedClaim } from './work.mjs';
import { busyConnections } from './works.mjs';

const name = 'sizes';
/** Questions that are prepared: enough that they reach all parts of the store. */
const questionsCount = 100_000;
const writingConnections = 16;
const writesPreparedMax = 60_000;
const writeMs = 500;
const recoverySecondsMax = 900;
/** Of what the smallest size answers at most: the load at which latencies are compared. */
const comparedShare = 0.5;

export class GrowingDatabase {
  #run;
  #size = 0;
  /** Claims that were answered with success, or found in the database since. */
  #known = 0;
  #pauseMs;

  constructor(run) {
    this.#run = run;
  }

  async growTo(size) {
    const filled = await this.#fill(size);
    const readySeconds = [];
    for (let time = 1; time <= this.#run.plan.restarts; time += 1) {
      readySeconds.push(await this.#dieAndReturn());
    }
    const asked = await this.#answer();
    const home = join(this.#run.folder, name);
    const bytes = diskBytes(join(home, 'wal'), join(home, 'db'));
    return {
      ...asked,
      filled: filled.claims,
      fillSeconds: filled.seconds,
      memoryMib: Math.max(filled.memoryMib, asked.memoryMib),
      readySeconds: median(readySeconds),
      readySecondsMax: Math.max(...readySeconds),
      bytesPerClaim: bytes / this.#known,
    };
  }

  remove() {
    rmSync(join(this.#run.folder, name), { recursive: true, force: true });
  }

  /** Starts the server, which must hold all that it acknowledged, and stops it afterwards. */
  async #with(options, use) {
    const begin = performance.now();
    const settings = { secondsMax: recoverySecondsMax, ...options };
    const server = await startStemedb(this.#run, name, settings);
    const seconds = (performance.now() - begin) / 1000;
    try {
      const count = await server.claimsCount();
      if (count < this.#known) throw new Error(`${this.#known - count} acknowledged claims lost`);
      this.#known = count;
      return await use(server, seconds);
    } finally {
      await server.stop();
    }
  }

  #fill(to) {
    return this.#with({}, async (server) => {
      const from = this.#size;
      const make = (number) => sizedClaim(number, from, to);
      const begin = performance.now();
      await server.fillMany(from, to, make);
      const seconds = (performance.now() - begin) / 1000;
      this.#size = to;
      this.#known += to - from;
      return { claims: to - from, seconds, memoryMib: server.memoryMib() };
    });
  }

  /** Kills it in the middle of writes; returns how long it then takes to be ready, in seconds. */
  async #dieAndReturn() {
    await this.#with({}, async (server) => {
      const claim = () => post('/v1/assert', statedClaim(this.#run.nextNumber()));
      const file = writeRequests(this.#run.requestsPath(), writesPreparedMax, claim);
      const load = { file, connections: writingConnections, seconds: 1, again: false };
      const [written] = await Promise.all([
        server.load({ ...load, mayBreak: true }),
        sleep(writeMs).then(() => server.kill()),
      ]);
      rmSync(file, { force: true });
      this.#known += written.requests;
    });
    return this.#with({}, (_server, seconds) => seconds);
  }

  /** Questions to a server that keeps no answers: at full load, and at one that all sizes share. */
  #answer() {
    const { run, size } = { run: this.#run, size: this.#size };
    const { rounds, seconds } = run.plan;
    const question = () => {
      const number = Math.floor((Math.random() * size) / candidatesPerConcept);
      return post('/v1/query', { concept_path: sizedConcept(number), predicate, lens: 'recency' });
    };
    return this.#with({ cache: false }, async (server) => {
      const file = writeRequests(run.requestsPath(), questionsCount, question);
      const load = { file, connections: busyConnections(run.plan), seconds };
      const [full, compared] = [[], []];
      for (let round = 1; round <= rounds; round += 1) {
        full.push(await server.load(load));
        this.#pauseMs ??= Math.ceil((load.connections * 1000) / (full[0].rate * comparedShare));
        compared.push(await server.load({ ...load, pauseMs: this.#pauseMs }));
      }
      rmSync(file, { force: true });
      const memoryMib = server.memoryMib();
      return { memoryMib, full: summary(full), compared: summary(compared) };
    });
  }
}
