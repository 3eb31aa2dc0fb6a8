// The lens that shows all values, over one pair with many claims, and what its work does to other
// clients: the same small questions with it and without it.

import { rmSync } from 'node:fs';
import { post, requestBytes, writeRequests } from './requests.mjs';
import { median } from './statistics.mjs';
import { askedConcept, predicate, skepticConcept } from './work.mjs';
import { busyConnections } from './works.mjs';

const othersConnections = 16;
/** Of what the server answers at most: clients that leave it room. */
const othersShare = 0.25;

/** Rounds of small questions alone, then beside one client that asks the large one. */
export async function measureSkeptic(run, server) {
  const { plan } = run;
  const { seconds } = plan;
  const question = (at) =>
    post('/v1/query', { concept_path: askedConcept(at), predicate, lens: 'recency' });
  const small = writeRequests(`${run.requestsPath()}-small`, plan.concepts, question);
  const path = `/v1/skeptic?concept_path=${skepticConcept}&predicate=${predicate}`;
  const large = writeRequests(run.requestsPath(), 1, () => requestBytes('GET', path));
  const rounds = [];
  try {
    const most = await server.load({ file: small, connections: busyConnections(plan), seconds });
    const pauseMs = Math.ceil((othersConnections * 1000) / (most.rate * othersShare));
    const others = { file: small, connections: othersConnections, seconds, pauseMs };
    for (let round = 1; round <= plan.rounds; round += 1) {
      run.say(`round ${round} of ${plan.rounds}: skeptic over ${plan.skepticClaims} claims`);
      const alone = await server.load(others);
      const [beside, skeptic] = await Promise.all([
        server.load(others),
        server.load({ file: large, connections: 1, seconds }),
      ]);
      rounds.push({ alone, beside, skeptic });
    }
  } finally {
    rmSync(small, { force: true });
    rmSync(large, { force: true });
  }
  const of = (who, name) => median(rounds.map((round) => round[who][name]));
  const figures = (who) => ({ rate: of(who, 'rate'), p50: of(who, 'p50'), p99: of(who, 'p99') });
  const skeptic = figures('skeptic');
  return {
    claims: plan.skepticClaims,
    skeptic,
    alone: figures('alone'),
    beside: figures('beside'),
  };
}
