// The works that systems do by turns. Each is measured beside what does the same: PostgreSQL by
// its own protocol, the HTTP service over it, or the empty handler of the framework.

import { post, requestBytes, writeRequests } from './requests.mjs';
import { signedClaim } from './signed_claims.mjs';
import {
  askedConcept,
  askedPrefix,
  claimText,
  conceptsPerPrefix,
  mixedConcept,
  predicate,
  statedClaim,
} from './work.mjs';

/** More than any server here takes; a run that uses all that was prepared says so. */
const claimsPerSecondMax = 45_000;
const signedPerSecondMax = 30_000;
const batchedPerSecondMax = 80_000;
const questionsPerSecondMax = 30_000;
/** Results of a page at most, as the API has it. */
const limitMax = 1_000;
/** One connection waits for each answer, so it cannot use that many. */
const perConnectionMax = 15_000;
const arrayClaims = 100;
const batchConnections = 8;
const streamsAtOnce = 2;

/** The connections of works that are measured at one load only. */
export function busyConnections({ connections }) {
  return connections.includes(64) ? 64 : Math.max(...connections);
}

/** Systems that are there; what is undefined is left out. */
function present(systems) {
  return Object.fromEntries(Object.entries(systems).filter(([, measure]) => measure !== undefined));
}

/** A load on an HTTP server that sends what was prepared, `each` claims a request. */
function sends(run, server, connections, { each = 1, ...settings }) {
  if (server === undefined) return undefined;
  const { seconds } = run.plan;
  return async (file) => {
    const result = await server.load({ file, connections, seconds, ...settings });
    return { ...result, rate: result.rate * each };
  };
}

/** The same on our server, and that it holds what it acknowledged. */
function stores(run, server, connections, { each = 1 } = {}) {
  if (server === undefined) return undefined;
  const measure = sends(run, server, connections, { each, again: false });
  return async (file) => {
    const before = await server.claimsCount();
    const result = await measure(file);
    const stored = (await server.claimsCount()) - before;
    const acknowledged = result.requests * each;
    if (stored < acknowledged) throw new Error(`${stored} of ${acknowledged} claims are there`);
    return result;
  };
}

const claimRequest = (run) => post('/v1/assert', statedClaim(run.nextNumber()));

function signedRequest(run) {
  const number = run.nextNumber();
  return post('/v1/assert', signedClaim(statedClaim(number), number));
}

function manyClaims(run, count) {
  return Array.from({ length: count }, () => statedClaim(run.nextNumber()));
}

/** Bodies of NDJSON for one turn, in memory. */
function streamBodies(run) {
  const { streamLines, seconds } = run.plan;
  const count = Math.ceil((batchedPerSecondMax * seconds) / streamLines) + streamsAtOnce;
  return Array.from({ length: count }, () => {
    const lines = manyClaims(run, streamLines).map((claim) => `${JSON.stringify(claim)}\n`);
    return Buffer.from(lines.join(''));
  });
}

/** Requests for one turn of so many connections, each with `each` claims. */
function prepared(run, connections, perSecondMax, make, each = 1) {
  const perSecond = Math.min(perSecondMax, connections * perConnectionMax);
  const count = Math.ceil((perSecond * run.plan.seconds) / each);
  return () => writeRequests(run.requestsPath(), count, () => make(run));
}

function singleWrites(run, { ours, service, empty, pgbench }, connections) {
  const { seconds } = run.plan;
  const once = { again: false };
  const unsigned = {
    name: 'assert, unsigned',
    connections,
    prepare: prepared(run, connections, claimsPerSecondMax, claimRequest),
    systems: present({
      ours: stores(run, ours, connections),
      postgres: pgbench && (() => pgbench.assert(connections, seconds)),
      service: sends(run, service, connections, once),
      // What the framework reaches at most is asked at one load.
      empty:
        connections === busyConnections(run.plan) ? sends(run, empty, connections, {}) : undefined,
    }),
  };
  const signed = {
    name: 'assert, signed',
    connections,
    peersOf: unsigned.name,
    prepare: prepared(run, connections, signedPerSecondMax, signedRequest),
    systems: present({
      ours: stores(run, ours, connections),
      service: sends(run, service, connections, once),
    }),
  };
  return [unsigned, signed];
}

function batches(run, { ours, service, pgbench }) {
  const connections = batchConnections;
  const { seconds } = run.plan;
  const arrayRequest = () => post('/v1/assert/batch', manyClaims(run, arrayClaims));
  const arrays = {
    name: `arrays of ${arrayClaims}`,
    connections,
    prepare: prepared(run, Infinity, batchedPerSecondMax, arrayRequest, arrayClaims),
    systems: present({
      ours: stores(run, ours, connections, { each: arrayClaims }),
      postgres: pgbench && (() => pgbench.assertMany(arrayClaims, connections, seconds)),
      service: sends(run, service, connections, { again: false, each: arrayClaims }),
    }),
  };
  const streams = {
    name: `NDJSON of ${run.plan.streamLines.toLocaleString('en-US')}`,
    connections: streamsAtOnce,
    peersOf: arrays.name,
    prepare: () => streamBodies(run),
    systems: present({
      ours: ours && ((bodies) => ours.streamFor(bodies, streamsAtOnce, seconds)),
    }),
  };
  return [arrays, streams];
}

/** A load that remembers its rate, and one that offers about half of it. */
function fullAndHalf(run, server, connections, order = {}) {
  if (server === undefined) return {};
  let fullRate;
  const send = (settings) => sends(run, server, connections, { ...order, ...settings });
  const full = async (file) => {
    const result = await send({})(file);
    fullRate = result.rate;
    return result;
  };
  const half = (file) => {
    const pauseMs = Math.max(1, Math.round((2 * connections * 1000) / (fullRate ?? 1_000)));
    return send({ pauseMs })(file);
  };
  return { full, half };
}

// A stride without a common factor visits all, in no order that a cache would like.
const stride = 7919;

function questionsFile(run, body) {
  const { concepts } = run.plan;
  const make = (at) => body({ number: (at * stride) % concepts });
  return () => writeRequests(run.requestsPath(), concepts, make);
}

/** Questions that were not asked before: each time that all subjects were asked about, the limit
 * is another one, which no answer here comes near. */
function newQuestions(run, subjects, limitMin, body) {
  let asked = 0;
  const make = () => {
    const limit = limitMin + (Math.floor(asked / subjects) % (limitMax - limitMin));
    const number = (asked * stride) % subjects;
    asked += 1;
    return body({ number, limit });
  };
  const count = questionsPerSecondMax * run.plan.seconds;
  return () => writeRequests(run.requestsPath(), count, make);
}

function questions(run, { ours: server, uncached, service, pgbench }) {
  const connections = busyConnections(run.plan);
  const { seconds, concepts } = run.plan;
  const peers = fullAndHalf(run, service, connections);
  let pgRate;
  const pgFull = async () => {
    const result = await pgbench.ask(connections, seconds);
    pgRate = result.rate;
    return result;
  };
  const pgHalf = () => pgbench.ask(connections, seconds, (pgRate ?? 1_000) / 2);
  const [first] = run.plan.lenses;
  return run.plan.lenses.flatMap((lens) => {
    // Asked again, a question would be one whose answer was kept.
    const ours = fullAndHalf(run, server, connections, { again: false });
    const question = ({ number, limit }) =>
      post('/v1/query', { concept_path: askedConcept(number), predicate, lens, limit });
    const prepare = newQuestions(run, concepts, 1, question);
    const work = (ending, own, service_, postgres) => ({
      name: `query of 20, ${lens}${ending}`,
      connections,
      peersOf: lens === first ? undefined : `query of 20, ${first}${ending}`,
      prepare,
      systems: present(lens === first ? { ours: own, postgres, service: service_ } : { ours: own }),
    });
    return [
      work('', ours.full, peers.full, pgbench && pgFull),
      work(', half load', ours.half, peers.half, pgbench && pgHalf),
      {
        name: `query of 20, ${lens}, cache off`,
        connections,
        peersOf: `query of 20, ${first}`,
        prepare: questionsFile(run, question),
        systems: present({ ours: sends(run, uncached, connections, {}) }),
      },
    ];
  });
}

function keptAnswers(run, { ours, service, empty }) {
  const connections = busyConnections(run.plan);
  const path = `/v1/query?concept_path=${askedConcept(0)}&predicate=${predicate}`;
  const prepare = () => writeRequests(run.requestsPath(), 1, () => requestBytes('GET', path));
  const loads = fullAndHalf(run, ours, connections);
  const systems = present({
    ours: loads.full,
    service: sends(run, service, connections, {}),
    empty: sends(run, empty, connections, {}),
  });
  return [
    { name: 'hot answer', connections, prepare, systems },
    { name: 'hot answer, half load', connections, prepare, systems: present({ ours: loads.half }) },
  ];
}

function browsing(run, { ours, service, pgbench }) {
  const connections = busyConnections(run.plan);
  const { seconds, concepts } = run.plan;
  const question = ({ number, limit }) =>
    post('/v1/query', { prefix: askedPrefix(number), predicate, lens: 'recency', limit });
  return {
    name: `browse a prefix of ${conceptsPerPrefix}`,
    connections,
    prepare: newQuestions(run, concepts / conceptsPerPrefix, conceptsPerPrefix, question),
    systems: present({
      ours: sends(run, ours, connections, { again: false }),
      postgres: pgbench && (() => pgbench.browse(connections, seconds)),
      service: sends(run, service, connections, {}),
    }),
  };
}

function mixed(run, { ours, service, pgbench }) {
  const connections = busyConnections(run.plan);
  const { seconds, concepts } = run.plan;
  const make = () => {
    const number = run.nextNumber();
    const concept_path = mixedConcept(Math.floor(Math.random() * concepts));
    if (number % 10 !== 0) return post('/v1/query', { concept_path, predicate, lens: 'recency' });
    return post('/v1/assert', { concept_path, predicate, value: claimText(number) });
  };
  return {
    name: 'mixed, 90 % reads',
    connections,
    prepare: prepared(run, connections, claimsPerSecondMax, make),
    systems: present({
      ours: sends(run, ours, connections, { again: false }),
      postgres: pgbench && (() => pgbench.mixed(connections, seconds)),
      service: sends(run, service, connections, { again: false }),
    }),
  };
}

/** Every work, for the servers that there are; `asks` is true where claims must be there before. */
export function worksOf(run, servers) {
  const writing = [
    ...run.plan.connections.flatMap((count) => singleWrites(run, servers, count)),
    ...batches(run, servers),
  ];
  const asking = [
    ...questions(run, servers),
    ...keptAnswers(run, servers),
    browsing(run, servers),
    mixed(run, servers),
  ];
  return [...writing, ...asking.map((work) => ({ ...work, asks: true }))];
}
