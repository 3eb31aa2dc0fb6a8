/** A small database of contradicting claims, written through a real server. */
import assert from 'node:assert/strict';
import type { Answer, JsonObject } from '@stemedb/model';
import { type Asked, askAll, resultsOf } from './asker.js';
import { historyAgents, randomHistory } from './histories.js';
import type { Seeded } from './seeded.js';
import type { ServerProcess } from './server_process.js';

const routes: { readonly [kind: string]: string } = {
  assertion: '/v1/assert',
  source: '/v1/sources',
};

/** Plays a random history over HTTP; gives the number of ids that were made. */
export const playOverHttp = async (
  server: ServerProcess,
  random: Seeded,
  length: number,
): Promise<number> => {
  const startMs = Date.now() - 1000;
  const steps = randomHistory(random, length, startMs);
  let created = 0;
  for (let at = 0; at < steps.length; at += 16) {
    await Promise.all(
      steps.slice(at, at + 16).map(async ({ submission }) => {
        const { kind, content, signatures } = submission;
        const body = { ...(content as JsonObject), signatures };
        const answer = await server.post(routes[kind] ?? '', body);
        assert.ok(answer.status === 201 || answer.status === 200, JSON.stringify(answer.body));
        if (answer.status === 201) created += 1;
      }),
    );
  }
  return created;
};

const lenses = ['recency', 'confidence', 'consensus', 'authority', 'layered', 'skeptic'];
const variants: readonly Asked[] = [
  {},
  { explain: 'true' },
  { min_confidence: '0.5' },
  { source_class: 'community' },
  { agent_id: historyAgents[0] ?? '' },
];

/** Every concept of a history lies under one of these. */
const prefixes = ['lab', 'fda://drug', 'wiki://\u00e9'];

/** Every lens over every concept of such a database; with a moment also decayed. */
export const smallQuestions = (asOf?: string): readonly Asked[] =>
  prefixes.flatMap((prefix) =>
    lenses.flatMap((lens) => {
      const asked = { prefix, lens, ...(asOf === undefined ? {} : { as_of: asOf }) };
      const plain = variants.map((variant) => ({ ...asked, ...variant }));
      if (asOf === undefined) return plain;
      return [...plain, { ...asked, decay: 'class', explain: 'true' }, { ...asked, decay: '30' }];
    }),
  );

/** The stamp that answers go up to by now. */
export const visibleStamp = async (server: ServerProcess): Promise<string> => {
  const answer = await server.get('/v1/query?prefix=lab&limit=1');
  return (answer.body as Answer).as_of_stamp;
};

/** The bytes of `results` of every question, one after the other. */
export const smallAnswers = async (
  server: ServerProcess,
  asOf?: string,
): Promise<readonly string[]> => (await askAll(server.url, smallQuestions(asOf))).map(resultsOf);

export const recordCount = async (server: ServerProcess): Promise<number> => {
  const { body } = await server.get('/v1/health');
  return (body as { record_count: number }).record_count;
};
