// The servers that the works by turns share, and the claims that questions to them are about.

import { fileURLToPath } from 'node:url';
import { freePort, HttpServer } from './http_server.mjs';
import { askedConceptSql, Pgbench } from './pgbench.mjs';
import { signedClaim } from './signed_claims.mjs';
import { startStemedb } from './stemedb.mjs';
import {
  askedConcept,
  candidate,
  candidatesPerConcept,
  mixedConcept,
  skepticConcept,
} from './work.mjs';

/** Starts one of the small servers of this directory. */
async function startSmall(run, file, ...args) {
  const port = await freePort();
  const path = fileURLToPath(new URL(file, import.meta.url));
  const env = { ...process.env, NODE_ENV: 'production' };
  const options = { env, cwd: run.folder };
  const child = run.children.start(process.execPath, [path, `${port}`, ...args], options);
  const server = new HttpServer(run, child, port);
  await server.answers('/v1/health');
  return server;
}

/** The claims that compete for each of so many concepts, signed by twenty agents. */
function candidatesOf(count, conceptOf, perConcept = candidatesPerConcept) {
  return Array.from({ length: count * perConcept }, (_, at) => {
    const claim = candidate(conceptOf(Math.floor(at / perConcept)), at % perConcept);
    return signedClaim(claim, at);
  });
}

/** Stores the claims that questions are about. */
export async function fillServers(run, { ours, uncached }, postgres) {
  const { concepts, skepticClaims } = run.plan;
  run.say(`storing ${concepts} x ${candidatesPerConcept} claims to ask about`);
  const asked = candidatesOf(concepts, askedConcept);
  await ours?.fill(asked);
  await uncached?.fill(asked);
  await ours?.fill(candidatesOf(concepts, mixedConcept));
  await uncached?.fill(candidatesOf(1, () => skepticConcept, skepticClaims));
  await postgres?.fill(concepts, askedConceptSql('c'));
  await postgres?.fill(concepts, "'bench/mixed/' || c");
}

/** Starts them; one that does not start is left out. What runs is added to `started`. */
export async function startServers(run, postgres, started) {
  const start = async (name, begin) => {
    const server = await run.attempt(name, begin);
    if (server !== undefined) started.push(server);
    return server;
  };
  const servers = {
    ours: await start('StemeDB', () => startStemedb(run, 'ours')),
    // Keeps no answers, so that each question is worked out.
    uncached: await start('StemeDB', () => startStemedb(run, 'uncached', { cache: false })),
    empty: await start('the empty server', () => startSmall(run, 'empty_server.mjs')),
    service:
      postgres && (await start('the service', () => startSmall(run, 'service.mjs', postgres.home))),
  };
  return { ...servers, pgbench: postgres && new Pgbench(postgres, run.plan.concepts) };
}
