/** A database with claims in it, and a start that must be refused. */
import assert from 'node:assert/strict';
import type { ServerProcess } from '../../support/server_process.js';
import type { Scene } from '../scene.js';

/** What the runbooks ask about to see that a database answers. */
const probe = 'runbook/probe';

export const claimOf = (value: number) => ({ concept_path: probe, predicate: 'value', value });

/** States some claims, one after the other, so that they are batches of their own. */
export const state = async (server: ServerProcess, from: number, count: number): Promise<void> => {
  for (let value = from; value < from + count; value += 1) {
    const answer = await server.post('/v1/assert', claimOf(value));
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  }
};

/** Starts the server and states some claims. */
export const filled = async (scene: Scene, count = 20): Promise<ServerProcess> => {
  const server = await scene.start();
  await state(server, 1, count);
  return server;
};

/** A start that ends with this code. */
export const refused = async (scene: Scene, exit: number): Promise<void> => {
  const server = await scene.spawn();
  const ended = await server.exited;
  assert.equal(ended, exit, server.output);
};

/** Claims that the server of the scene has. */
export const claims = async (scene: Scene): Promise<number> => {
  const answer = await scene.server?.get('/v1/health');
  const body = answer?.body as { readonly assertion_count: number } | undefined;
  return body?.assertion_count ?? 0;
};
