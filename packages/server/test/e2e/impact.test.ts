/** Impact, retraction and the answers around them on a real disk, before and after a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, ImpactAnswer, JsonObject, WriteAnswer } from '@stemedb/model';
import { startReal } from '../cli/real_server.js';
import { scratchDirectories } from '../ops/directories.js';

const post = async (url: string, body: JsonObject): Promise<WriteAnswer> => {
  const headers = { 'content-type': 'application/json' };
  const sent = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(sent.status, 201);
  return (await sent.json()) as WriteAnswer;
};

const get = async <T>(url: string, query: Readonly<Record<string, string>>): Promise<T> => {
  const answer = await fetch(`${url}?${new URLSearchParams(query)}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as T;
};

test('a retraction changes what its impact said, and stays after a restart', async (context) => {
  const directories = await scratchDirectories(context);
  const first = await startReal(context, directories);
  const source = await post(`${first.url}/v1/sources`, { title: 's', uri: 'https://a.example/' });
  const claim = { predicate: 'p', value: 'said', source: source.id };
  const direct = await post(`${first.url}/v1/assert`, { ...claim, concept_path: 'r/direct' });
  const derived = { predicate: 'p', value: 'derived', derived_from: [direct.id] };
  await post(`${first.url}/v1/assert`, { ...derived, concept_path: 'r/derived' });
  await post(`${first.url}/v1/assert`, { predicate: 'p', value: 'own', concept_path: 'r/own' });
  const ask = async (url: string, asOf?: string): Promise<readonly string[]> => {
    const query = asOf === undefined ? { prefix: 'r' } : { prefix: 'r', as_of: asOf };
    const { results } = await get<Answer>(`${url}/v1/query`, query);
    return results.map((result) => result.concept_path);
  };
  const all = ['r/derived', 'r/direct', 'r/own'];
  assert.deepEqual(await ask(first.url), all);
  const impact = await get<ImpactAnswer>(`${first.url}/v1/sources/${source.id}/impact`, {});
  assert.deepEqual(
    impact.impacts.map((one) => [one.concept_path, one.new]),
    [
      ['r/derived', null],
      ['r/direct', null],
    ],
  );
  const reason = { reason: 'it was made up', if_position: impact.position };
  await post(`${first.url}/v1/sources/${source.id}/retract`, reason);
  assert.deepEqual(await ask(first.url), ['r/own']);
  assert.deepEqual(await ask(first.url, impact.as_of_stamp), all);
  await first.close();
  const second = await startReal(context, directories);
  assert.deepEqual(await ask(second.url), ['r/own']);
  assert.deepEqual(await ask(second.url, impact.as_of_stamp), all);
  const again = await get<ImpactAnswer>(`${second.url}/v1/sources/${source.id}/impact`, {
    as_of: impact.as_of_stamp,
  });
  assert.deepEqual(again.impacts, impact.impacts);
});
