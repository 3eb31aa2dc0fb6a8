// The load on an HTTP server, as a process of its own. One argument: what to do, as JSON;
// one line of JSON comes back.

import { randomInt } from 'node:crypto';
import { loadFor, requestBytes } from './http_load.mjs';
import { percentile } from './machine.mjs';
import { signedClaims } from './signed_claims.mjs';
import { askedConcept, claimText, predicate, statedConcept } from './work.mjs';

/** More than one server process takes; a run that uses all ends early. */
const signedPerSecondMax = 20_000;

const settings = JSON.parse(process.argv[2] ?? '{}');

/** Different for each run, so that no claim was stated before. */
let claim = randomInt(1_000_000_000) * 100_000;

function nextAssert() {
  claim += 1;
  const body = { concept_path: statedConcept(claim), predicate, value: claimText(claim) };
  return requestBytes('POST', '/v1/assert', JSON.stringify(body));
}

function nextEmptyPost() {
  claim += 1;
  const body = { concept_path: statedConcept(claim), predicate, value: claimText(claim) };
  return requestBytes('POST', '/empty', JSON.stringify(body));
}

const emptyGet = requestBytes('GET', '/empty');

/** Questions are made beforehand: writing them is not part of the answer. */
function questions() {
  const { concepts, lens } = settings;
  return Array.from({ length: concepts }, (_, number) => {
    const body = { concept_path: askedConcept(number), predicate, lens };
    return requestBytes('POST', '/v1/query', JSON.stringify(body));
  });
}

/** Signed beforehand, as many as a run can use: signing is the author's work, not the server's. */
function nextSigned() {
  const claims = signedClaims(claim, settings.seconds * signedPerSecondMax);
  const requests = claims.map((body) => requestBytes('POST', '/v1/assert', JSON.stringify(body)));
  return () => requests.pop();
}

function nextFrom(requests) {
  let at = 0;
  return () => {
    // A stride without a common factor visits all, in no order that a cache would like.
    at = (at + 7919) % requests.length;
    return requests[at];
  };
}

const nextOf = {
  assert: () => nextAssert,
  'assert-signed': nextSigned,
  ask: () => nextFrom(questions()),
  'empty-post': () => nextEmptyPost,
  'empty-get': () => () => emptyGet,
};

const { port, connections, seconds, work } = settings;
const result = await loadFor({ port, connections, seconds, next: nextOf[work]() });
const { rate, times, failed, example } = result;
const p50 = percentile(times, 0.5);
const p99 = percentile(times, 0.99);
process.stdout.write(`${JSON.stringify({ rate, p50, p99, failed, example })}\n`);
