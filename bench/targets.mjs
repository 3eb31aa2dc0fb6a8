// Section 11 of the specification beside the figures. Says `met` or `not met`, and changes nothing
// about how the run ends.

import { busyConnections } from './works.mjs';

const goalClaims = 10_000_000;
const comparedClaims = 100_000;

function times(number) {
  return `${number.toFixed(2)}x`;
}

/** `isMet` is undefined where there is nothing to compare. */
function verdict(work, target, found, isMet) {
  const said = isMet === undefined ? 'not measured' : isMet ? 'met' : 'not met';
  return { work, target, found: isMet === undefined ? '-' : found, verdict: said };
}

/** The ratio of two rates against what it has to be at least; NaN where one is missing. */
function ratioOf(one, other) {
  return (one?.rate ?? Number.NaN) / (other?.rate ?? Number.NaN);
}

function known(number, isMet) {
  return Number.isFinite(number) ? isMet : undefined;
}

function singleWriteTargets(systemsOf) {
  const signed = systemsOf('assert, signed');
  const unsigned = systemsOf('assert, unsigned');
  const toService = ratioOf(signed?.ours, signed?.service);
  const toPostgres = ratioOf(signed?.ours, signed?.postgres);
  const plain = ratioOf(unsigned?.ours, unsigned?.postgres);
  const toEmpty = ratioOf(unsigned?.empty, unsigned?.ours);
  return [
    verdict(
      'durable single assertion, signed',
      '>= 1.5x the HTTP service, >= PostgreSQL',
      `${times(toService)}, ${times(toPostgres)}`,
      known(toService * toPostgres, toService >= 1.5 && toPostgres >= 1),
    ),
    verdict(
      'the same, unsigned',
      '>= 1.5x PostgreSQL, or an empty POST at most 2x',
      `${times(plain)}, empty POST ${times(toEmpty)}`,
      known(plain * toEmpty, plain >= 1.5 || toEmpty <= 2),
    ),
  ];
}

function batchTarget(systems, name) {
  const ratio = ratioOf(systems?.ours, systems?.postgres);
  const target = ">= 1.5x PostgreSQL's 100-row INSERTs";
  return verdict(`batch ingest, ${name}`, target, times(ratio), known(ratio, ratio >= 1.5));
}

function readTargets(systemsOf, lenses) {
  const asked = lenses.flatMap((lens) => {
    const name = `query of 20, ${lens}`;
    const [full, half] = [systemsOf(name), systemsOf(`${name}, half load`)];
    const ratio = ratioOf(full?.ours, full?.service);
    const p99 = half?.ours?.p99 ?? Number.NaN;
    return [
      verdict(name, '>= the HTTP service', times(ratio), known(ratio, ratio >= 1)),
      verdict(`${name}, half load`, 'p99 < 5 ms', `${p99.toFixed(2)} ms`, known(p99, p99 < 5)),
    ];
  });
  const hot = systemsOf('hot answer');
  const ratio = ratioOf(hot?.empty, hot?.ours);
  const found = `empty GET ${times(ratio)}`;
  return [
    ...asked,
    verdict('hot answer', 'an empty GET at most 1.5x', found, known(ratio, ratio <= 1.5)),
  ];
}

function skepticTargets(skeptic) {
  const p99 = skeptic?.skeptic.p99 ?? Number.NaN;
  const disturbed = (skeptic?.beside.p99 ?? Number.NaN) / (skeptic?.alone.p99 ?? Number.NaN);
  const claims = (skeptic?.claims ?? 0).toLocaleString('en-US');
  return [
    verdict(
      `skeptic over ${claims}`,
      'p99 < 100 ms',
      `${p99.toFixed(1)} ms`,
      known(p99, p99 < 100),
    ),
    verdict(
      'other clients meanwhile',
      'p99 < 2x',
      times(disturbed),
      known(disturbed, disturbed < 2),
    ),
  ];
}

function sizeTargets(sizes) {
  const small = sizes.find(({ claims }) => claims === comparedClaims)?.ours;
  const row = sizes.findLast(({ ours }) => ours !== undefined);
  const large = row?.ours;
  const isWhole = row?.claims === goalClaims;
  const at = `at ${(row?.claims ?? 0).toLocaleString('en-US')}`;
  // What holds for fewer claims is no answer yet, but what fails already is one.
  const judged = (number, isMet) => known(number, isMet && !isWhole ? undefined : isMet);
  const line = (work, target, number, found, isMet) => {
    const result = verdict(`10 million claims: ${work}`, target, found, judged(number, isMet));
    return Number.isFinite(number) ? { ...result, found: `${found} ${at}` } : result;
  };
  const p99 = (large?.compared.p99 ?? Number.NaN) / (small?.compared.p99 ?? Number.NaN);
  const memory = large?.memoryMib ?? Number.NaN;
  const ready = large?.readySecondsMax ?? Number.NaN;
  const disk = (large?.bytesPerClaim ?? Number.NaN) / (row?.postgres?.bytesPerClaim ?? Number.NaN);
  return [
    line('query p99', '<= 2x that of 100,000', p99, times(p99), p99 <= 2),
    line('RssAnon', '< 1.5 GiB', memory, `${Math.round(memory)} MiB`, memory < 1536),
    line('ready after SIGKILL', '< 5 s', ready, `${ready.toFixed(1)} s`, ready < 5),
    verdict(
      'disk',
      "<= PostgreSQL's table and indexes",
      `${times(disk)} ${at}`,
      known(disk, disk <= 1),
    ),
  ];
}

/** Rows `{work, target, found, verdict}`. */
export function targetsOf(plan, { rows, sizes, skeptic }) {
  const busy = busyConnections(plan);
  const systemsOf = (work, connections = busy) =>
    rows.find((row) => row.work === work && row.connections === connections)?.systems;
  const batch = (name) => rows.find(({ work }) => work.startsWith(name))?.systems;
  return [
    ...singleWriteTargets(systemsOf),
    batchTarget(batch('arrays'), 'arrays of 100'),
    batchTarget(batch('NDJSON'), 'NDJSON'),
    ...readTargets(systemsOf, plan.lenses),
    ...skepticTargets(skeptic),
    ...sizeTargets(sizes),
  ];
}
