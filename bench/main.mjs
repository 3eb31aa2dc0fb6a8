// Everything that StemeDB promises about speed, measured beside PostgreSQL doing the same work in
// the same run. Prints figures and judges none of them by its exit code; see README.md.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { measureCoefficients } from './coefficients.mjs';
import { coefficientsText, withCircumstances, writeCoefficients } from './coefficients_report.mjs';
import { machineLine, measureSync } from './machine.mjs';
import { planOf } from './options.mjs';
import { findPrograms, startPostgres } from './postgres.mjs';
import { asMarkdown, asText } from './report.mjs';
import { measureWorks, withPeers } from './rounds.mjs';
import { Run } from './run.mjs';
import { fillServers, startServers } from './servers.mjs';
import { measureSizes } from './sizes.mjs';
import { measureSkeptic } from './skeptic.mjs';
import { targetsOf } from './targets.mjs';
import { worksOf } from './works.mjs';

const resultsPath = fileURLToPath(new URL('RESULTS.md', import.meta.url));
const sizesName = 'sizes: ready after SIGKILL, memory, disk';
const skepticName = 'skeptic beside small questions';

/** The works that take turns and the question beside others, on servers that they share. */
async function measureTurns(run, postgres, started) {
  const isWanted = ({ name }) => run.wants(name);
  const wanted = worksOf(run, {}).filter(isWanted);
  if (!run.wants(skepticName) && wanted.length === 0) return { rows: [], memory: {} };
  const servers = await startServers(run, postgres, started);
  if (run.wants(skepticName) || wanted.some(({ asks }) => asks)) {
    await run.attempt('storing claims', () => fillServers(run, servers, postgres));
  }
  const skeptic = run.wants(skepticName)
    ? await run.attempt(skepticName, () => measureSkeptic(run, servers.uncached))
    : undefined;
  const rows = withPeers(await measureWorks(run, worksOf(run, servers).filter(isWanted)));
  const memory = {
    'our server': servers.ours?.memoryMib(),
    'the service': servers.service?.memoryMib(),
    'PostgreSQL without its shared buffers': postgres?.memoryMib(),
  };
  return { rows, skeptic, memory };
}

async function measure(run, started) {
  const { plan } = run;
  if (run.wrk === undefined) {
    run.note('wrk is not installed (Debian: wrk): a Node.js program is the load, which costs more');
  }
  const sync = measureSync(run.folder, plan.syncs);
  const programs = findPrograms();
  if (programs === undefined) {
    run.note('PostgreSQL is not installed (Debian: postgresql): ours alone is measured');
  }
  const postgres =
    programs && (await run.attempt('PostgreSQL', () => startPostgres(run, programs)));
  if (postgres) started.push(postgres);
  const version = (await postgres?.version()) ?? 'no PostgreSQL';
  const sizes = run.wants(sizesName) ? await measureSizes(run, postgres) : [];
  const turns = await measureTurns(run, postgres, started);
  const found = { ...turns, sizes };
  return {
    ...found,
    ...{ plan, sync, targets: targetsOf(plan, found), notes: run.notes },
    machine: machineLine(version),
    load: run.wrk ?? 'a Node.js program',
    seconds: run.elapsedSeconds,
  };
}

function print(plan, result) {
  process.stdout.write(plan.json ? `${JSON.stringify(result)}\n` : asText(result));
  if (!plan.write) return;
  writeFileSync(
    resultsPath,
    asMarkdown(result, plan.date ?? new Date().toISOString().slice(0, 10)),
  );
}

/** What a claim and a question cost; for a plan, not beside anybody. */
async function coefficients(run) {
  const found = withCircumstances(run, await measureCoefficients(run));
  process.stdout.write(run.plan.json ? `${JSON.stringify(found)}\n` : coefficientsText(found));
  if (run.plan.write) writeCoefficients(found);
}

function printNames(run) {
  const names = new Set([sizesName, skepticName, ...worksOf(run, {}).map(({ name }) => name)]);
  process.stdout.write(`${[...names].join('\n')}\n`);
}

const plan = planOf(process.argv.slice(2));
const run = new Run(plan);
const started = [];
try {
  if (plan.list) printNames(run);
  else if (plan.coefficients) await coefficients(run);
  else print(plan, await measure(run, started));
  // Whether everything runs at all is what a smoke test is asked.
  if (plan.kind === 'smoke' && run.failures > 0) process.exitCode = 1;
} catch (error) {
  if (!run.stopping.aborted) throw error;
  process.exitCode = 130;
} finally {
  for (const server of started.reverse()) await server.stop();
}
