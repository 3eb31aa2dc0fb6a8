/**
 * The whole claim model through the client, against a real server whose policy names a steward and
 * a judge: every kind is stated, has its effect, is listed and read, and is refused where a rule
 * says so.
 */
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ListedRecord, StemeClient, signerFromSeed } from '@stemedb/client';
import { nodeCryptoSigner } from '@stemedb/client/node';
import { ServerProcess } from '../support/server_process.js';

const seeds = { ann: 31, bob: 32, eve: 33, steward: 34, judge: 35 } as const;
type Name = keyof typeof seeds;

const seedOf = (name: Name): Uint8Array => new Uint8Array(32).fill(seeds[name]);
const agentOf = (name: Name): string => signerFromSeed(seedOf(name)).agentId;

let server: ServerProcess;

const as = (name: Name): StemeClient =>
  new StemeClient({ url: server.url, signer: nodeCryptoSigner(seedOf(name)) });

/** Signs nothing: what it states is the node's own. */
const asNode = (): StemeClient => new StemeClient({ url: server.url });

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-model-'));
  const config = join(directory, 'config.toml');
  const named = { stewards: agentOf('steward'), verdict_agents: agentOf('judge') };
  const lines = Object.entries(named).map(([name, agent]) => `${name} = ["${agent}"]`);
  await writeFile(config, ['[policy]', ...lines, ''].join('\n'));
  server = await ServerProcess.start({ directory, args: ['--config', config] });
});

after(() => server.remove());

/** A pair of its own for each test. */
const about = (name: string): { readonly concept_path: string; readonly predicate: string } => ({
  concept_path: `model/${name}`,
  predicate: 'p',
});

const valuesOf = async (
  question: Parameters<StemeClient['query']>[0],
): Promise<readonly unknown[]> =>
  (await asNode().query(question)).results.map(({ value }) => value);

const collect = async (records: AsyncIterable<ListedRecord>): Promise<readonly ListedRecord[]> => {
  const all: ListedRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
};

const codesOf = (answer: { readonly warnings?: readonly { readonly code: string }[] }): string[] =>
  (answer.warnings ?? []).map(({ code }) => code);

test('a co-signature stands beside the claim', async () => {
  const { id } = await as('ann').assert({ ...about('signed'), value: 1 });
  const first = await as('bob').sign(id);
  assert.equal(first.status, 'created');
  assert.equal((await as('bob').sign(id)).status, 'duplicate');
  const signed = await collect(asNode().list('attestation', { target: id }));
  const agents = signed.map(({ record }) => record.agent_id).sort();
  assert.deepEqual(agents, [agentOf('ann'), agentOf('bob')].sort());
  const detail = await asNode().detail(id);
  assert.equal(detail?.signatures?.length, 2);
  await assert.rejects(as('bob').sign('0'.repeat(64)), { code: 'not_found' });
  await assert.rejects(as('bob').sign(first.id), { code: 'not_found' });
});

test('the last vote of each voter counts, and 0 withdraws it', async () => {
  const pair = about('votes');
  const one = await as('ann').assert({ ...pair, value: 'one' });
  const two = await as('bob').assert({ ...pair, value: 'two' });
  await as('eve').vote({ target: one.id, weight: 1 });
  await as('bob').vote({ target: two.id, weight: 0.5 });
  assert.deepEqual(await valuesOf({ ...pair, lens: 'votes' }), ['one']);
  const last = await as('eve').vote({ target: one.id, weight: 0 });
  assert.deepEqual(await valuesOf({ ...pair, lens: 'votes' }), ['two']);
  const filter = { target: one.id, agent_id: agentOf('eve') };
  const votes = await collect(asNode().list('vote', filter, { limit: 1 }));
  assert.deepEqual(
    votes.map(({ record }) => record.kind === 'vote' && record.weight),
    [1, 0],
  );
  assert.equal((await asNode().read('vote', last.id))?.id, last.id);
  assert.equal(await asNode().read('vote', one.id), undefined);
  const missing = as('eve').vote({ target: '0'.repeat(64), weight: 1 });
  await assert.rejects(missing, { code: 'not_found', status: 404 });
  await assert.rejects(as('eve').vote({ target: one.id, weight: 1.5 }), { status: 422 });
});

test('replace, restore and retract change the answers from their moment on', async () => {
  const pair = about('corrected');
  const client = as('ann');
  const wrong = await client.assert({ ...pair, value: 'wrong' });
  const right = await client.assert({ ...pair, value: 'right', asserted_at: 1 });
  assert.deepEqual(await valuesOf(pair), ['wrong']);
  const { as_of_stamp: before } = await client.query(pair);
  const act = { target: wrong.id, reason: 'because' } as const;
  await client.supersede({ ...act, action: 'replace', replacement: right.id });
  assert.deepEqual(await valuesOf(pair), ['right']);
  assert.deepEqual(await valuesOf({ ...pair, include_superseded: true }), ['wrong']);
  assert.deepEqual(await valuesOf({ ...pair, as_of: before }), ['wrong']);
  await as('steward').supersede({ ...act, action: 'restore' });
  assert.deepEqual(await valuesOf(pair), ['wrong']);
  await client.supersede({ ...act, action: 'retract' });
  assert.deepEqual(await valuesOf(pair), ['right']);
  const { results } = await client.query({ ...pair, on_retracted: 'warn' });
  assert.equal(results[0]?.value, 'wrong');
  const stranger = as('eve').supersede({ ...act, action: 'restore' });
  await assert.rejects(stranger, { code: 'forbidden', status: 403 });
  const detail = await client.detail(wrong.id);
  assert.equal(detail?.supersessions.length, 3);
});

test('a child of its author takes the place, a stranger is another voice', async () => {
  const pair = about('revised');
  const first = await as('ann').assert({ ...pair, value: 'v' });
  const review = { ...pair, value: 'v', parent: first.id, lifecycle: 'under_review' } as const;
  const child = await as('ann').assert(review);
  assert.equal((await asNode().detail(first.id))?.succeeded_by, child.id);
  const detail = await asNode().detail(child.id);
  assert.equal(detail?.lifecycle, 'under_review');
  assert.equal(detail?.voice_of, first.id);
  const jump = as('ann').assert({ ...pair, value: 'v', parent: child.id, lifecycle: 'deprecated' });
  await assert.rejects(jump, { code: 'transition_not_allowed', status: 409 });
  const other = await as('eve').assert({ ...pair, value: 'w', parent: child.id });
  assert.ok(codesOf(other).includes('not_a_revision'), JSON.stringify(other.warnings));
  assert.equal((await asNode().detail(child.id))?.succeeded_by, undefined);
});

test('a source falls with what cites it, exactly as the impact says', async () => {
  const pair = about('impact');
  const source = await as('ann').registerSource({ title: 'S', uri: 'https://s.example/impact' });
  await as('bob').assert({ ...pair, value: 'cited', source: source.id });
  await as('eve').assert({ ...pair, value: 'other', asserted_at: 1 });
  const page = await asNode().impactPage(source.id);
  assert.equal(page.dependants, 1);
  assert.deepEqual(
    page.impacts.map(({ concept_path: path, old, new: then }) => [path, old?.value, then?.value]),
    [[pair.concept_path, 'cited', 'other']],
  );
  await as('bob').assert({ ...about('impact2'), value: 'late', source: source.id });
  const reason = 'withdrawn';
  const late = as('ann').retractSource(source.id, { reason, ifPosition: page.position });
  await assert.rejects(late, { code: 'conflict', status: 409 });
  const stranger = as('eve').retractSource(source.id, { reason });
  await assert.rejects(stranger, { code: 'forbidden' });
  const pages = asNode().impact(source.id, { limit: 1, lens: 'consensus' });
  let position: string | undefined;
  let answers = 0;
  for await (const one of pages) {
    answers += one.impacts.length;
    position ??= one.position;
  }
  assert.equal(answers, 2);
  assert.ok(position !== undefined);
  const done = await as('ann').retractSource(source.id, { reason, ifPosition: position });
  assert.equal(done.record.kind, 'supersession');
  assert.deepEqual(await valuesOf(pair), ['other']);
  const listed = await asNode().read('source', source.id);
  assert.equal(listed?.effective, false);
  const own = await collect(asNode().list('supersession', { target: source.id }));
  assert.deepEqual(
    own.map(({ id }) => id),
    [done.id],
  );
});

test('an epoch takes the claims of another out', async () => {
  const pair = about('epochs');
  const old = await as('ann').epoch({ name: 'old' });
  await as('bob').assert({ ...pair, value: 'then', epoch: old.id });
  const stranger = as('eve').epoch({ name: 'coup', supersedes: [old.id] });
  await assert.rejects(stranger, { code: 'forbidden' });
  await as('ann').epoch({ name: 'new', supersedes: [old.id], description: 'd' });
  assert.deepEqual(await valuesOf(pair), []);
  assert.deepEqual(await valuesOf({ ...pair, include_superseded: true }), ['then']);
  const [newest, ...others] = [...(await collect(asNode().list('epoch', {})))].reverse();
  assert.equal(newest?.record.kind === 'epoch' && newest.record.supersedes?.[0], old.id);
  assert.equal(others.at(-1)?.id, old.id);
});

test('an alias joins when a steward makes it, and is proposed by others', async () => {
  const pair = about('joined');
  await as('ann').assert({ ...pair, value: 'v' });
  const [a, b] = ['model/zzz', pair.concept_path];
  const proposed = await as('eve').alias({ a, b });
  assert.ok(codesOf(proposed).includes('alias_proposed'));
  const asked = { concept_path: a, predicate: 'p' };
  assert.deepEqual(await valuesOf(asked), []);
  assert.deepEqual(await valuesOf({ ...asked, aliases: 'all' }), ['v']);
  assert.deepEqual(codesOf(await as('steward').alias({ a, b })), []);
  const { results } = await asNode().query(asked);
  assert.deepEqual(results[0]?.aliases, [b]);
  assert.deepEqual(await valuesOf({ ...asked, aliases: 'none' }), []);
  const aliases = await collect(asNode().list('alias', { concept_path: a }));
  assert.deepEqual(
    aliases.map(({ effective }) => effective),
    [false, true],
  );
});

test('trust follows the verdicts of those whom the policy names', async () => {
  const pair = about('trusted');
  const { id } = await as('bob').assert({ ...pair, value: 'v' });
  const before = await asNode().trust(agentOf('bob'));
  assert.deepEqual([before.trust, before.verdicts], [0.5, 0]);
  const ignored = await as('eve').verdict({ target: id, outcome: 'accurate' });
  assert.ok(codesOf(ignored).includes('verdict_not_counted'));
  await as('judge').verdict({ target: id, outcome: 'inaccurate', note: 'n' });
  const { trust, verdicts, steps } = await asNode().trust(agentOf('bob'));
  assert.ok(trust < 0.5 && trust >= 0.4, String(trust));
  assert.equal(verdicts, 1);
  assert.equal(steps[0]?.outcome, 'inaccurate');
  assert.deepEqual(await valuesOf({ ...pair, min_trust: 0.5 }), []);
  const listed = await collect(asNode().list('verdict', { target: id }));
  assert.deepEqual(
    listed.map(({ effective }) => effective),
    [false, true],
  );
});

test('constraints come from the concept and what is above it', async () => {
  const client = as('ann');
  const [above, below] = ['rules', 'rules/login'];
  await client.assert({ concept_path: above, predicate: 'forbidden:md5', value: true });
  await client.assert({ concept_path: below, predicate: 'must_use:md5', value: true });
  const { results } = await client.constraints({ concept_path: below });
  const found = results.map(({ constraint }) => [constraint?.type, constraint?.distance]);
  assert.deepEqual(found.sort(), [
    ['forbidden', 1],
    ['must_use', 0],
  ]);
  assert.ok(results.every(({ constraint }) => constraint?.contradicted_by?.length === 1));
});

test('the policy is a record like the others', async () => {
  const policies = await collect(asNode().list('policy', {}));
  const [first] = policies;
  assert.equal(first?.record.kind, 'policy');
  assert.deepEqual(await asNode().read('policy', first?.id ?? ''), first);
});

test('a claim is proved to be in the log', async () => {
  const { id } = await as('ann').assert({ ...about('proved'), value: 1 });
  const detail = await asNode().detail(id, { proof: true });
  assert.equal(detail?.inclusion?.id, id);
  const note = await asNode().checkpoint();
  const { origin, vkey } = await asNode().logKey();
  const [name, size] = note.split('\n');
  assert.equal(name, origin);
  assert.ok(vkey.startsWith(`${origin}+`), vkey);
  const treeSize = Number(size);
  const proof = await asNode().inclusion(id, { size: treeSize });
  assert.equal(proof.tree_size, treeSize);
  assert.ok(proof.leaf_index < treeSize);
  const consistency = await asNode().consistency(1, treeSize);
  assert.equal(consistency.to, treeSize);
  await assert.rejects(asNode().inclusion('0'.repeat(64)), { code: 'not_found' });
});
