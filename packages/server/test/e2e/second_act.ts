/**
 * What the demo's second act says, held against the packages' files and the server: the two
 * releases, a retraction done here as the demo does it, and the steward's correction.
 */
import assert from 'node:assert/strict';
import { StemeClient } from '@stemedb/client';
import { nodeCryptoSigner } from '@stemedb/client/node';
import { demoKey, type SecondActReport, supportedSince } from '@stemedb/example-browser-compat';
import type { Answer, AnswerResult, Impact, ListedRecord, RecordList } from '@stemedb/model';
import { type Asked, askAll, resultsOf } from '../support/asker.js';
import type { ServerProcess } from '../support/server_process.js';

type Rederive = (path: string, source: string) => string | false | undefined;

/** Both releases' own derivations, which share nothing with the importer. */
export interface Rederivations {
  readonly rederive: Rederive;
  readonly rederiveOlder: Rederive;
}

export const followsFromFiles = (
  { thenAndNow, decay }: SecondActReport,
  { rederive, rederiveOlder }: Rederivations,
): void => {
  assert.equal(thenAndNow.changes.length, 20);
  for (const { source, path, before, after } of thenAndNow.changes) {
    assert.notEqual(before, after);
    assert.equal(before, rederiveOlder(path, source), `${source} on ${path} then`);
    assert.equal(after, rederive(path, source), `${source} on ${path} now`);
  }
  assert.ok(decay.claims.length >= 4);
  for (const { computed, effectiveConfidence, halfLifeDays } of decay.claims) {
    assert.ok(halfLifeDays !== undefined && computed < 1);
    assert.ok(Math.abs(computed - effectiveConfidence) < 1e-6, 'decay as the formula has it');
  }
};

const supersessions = async (
  server: ServerProcess,
  search = '',
): Promise<readonly ListedRecord[]> => {
  const { status, body } = await server.get(`/v1/supersede?limit=1000${search}`);
  assert.equal(status, 200, JSON.stringify(body));
  return (body as RecordList).records;
};

/** The first run: the retraction went as listed, and the correction left nothing behind. */
export const wentAsListed = async (
  server: ServerProcess,
  { retraction, correction }: SecondActReport,
): Promise<void> => {
  assert.ok(retraction.isExact, JSON.stringify(retraction));
  assert.ok(retraction.listed > 1000, `only ${retraction.listed} listed`);
  assert.equal(retraction.changed, retraction.listed);
  assert.ok(correction.outcome === 'forbidden');
  assert.match(correction.rule, /governance "owner".*stewards that the policy names/);
  const actions = (await supersessions(server)).map(({ record }) =>
    record.kind === 'supersession' ? record.action : record.kind,
  );
  assert.deepEqual(actions, ['retract', 'restore']);
};

const questionAbout = (concept_path: string, more: Asked): Asked => ({
  concept_path,
  predicate: supportedSince,
  ...more,
});

const only = (text: string): AnswerResult | null =>
  (JSON.parse(`{${text}}`) as Pick<Answer, 'results'>).results[0] ?? null;

/** Asks about pairs in their order; the bytes of each answer's results. */
const askPairs = async (
  server: ServerProcess,
  paths: readonly string[],
  more: Asked,
): Promise<readonly string[]> => {
  const questions = paths.map((path) => questionAbout(path, more));
  return (await askAll(server.url, questions)).map(resultsOf);
};

interface Listed {
  readonly position: string;
  /** The moment of the list. */
  readonly asOf: string;
  readonly impacts: ReadonlyMap<string, Impact>;
}

const listImpacts = async (client: StemeClient, source: string, lens: string): Promise<Listed> => {
  const impacts = new Map<string, Impact>();
  let head: Omit<Listed, 'impacts'> | undefined;
  for await (const page of client.impact(source, { lens, limit: 1000 })) {
    head ??= { position: page.position, asOf: page.as_of_stamp };
    for (const impact of page.impacts) impacts.set(impact.concept_path, impact);
  }
  assert.ok(head !== undefined && impacts.size > 1000, `only ${impacts.size} listed`);
  return { ...head, impacts };
};

/**
 * Lists what the retraction of the demo's source would change, retracts it, and asks every listed
 * pair and the others before and after; then restores it.
 */
export const changesExactlyWhatIsListed = async (
  server: ServerProcess,
  source: string,
  lens: string,
  drawn: readonly AnswerResult[],
): Promise<void> => {
  const signer = nodeCryptoSigner(demoKey('caniuse').seed);
  const client = new StemeClient({ url: server.url, signer });
  const { position, asOf, impacts } = await listImpacts(client, source, lens);
  const listed = [...impacts.keys()];
  const others = drawn.filter(
    ({ concept_path, predicate }) => predicate === supportedSince && !impacts.has(concept_path),
  );
  assert.ok(others.length > 100, `only ${others.length} others`);
  const paths = [...listed, ...others.map(({ concept_path }) => concept_path)];
  const before = await askPairs(server, paths, { lens });

  await client.retractSource(source, { reason: 'A test of the demo.', ifPosition: position });
  const after = await askPairs(server, paths, { lens });
  for (const [at, path] of paths.entries()) {
    const impact = impacts.get(path);
    const [was, is] = [before[at] ?? '', after[at] ?? ''];
    if (impact === undefined) assert.ok(was === is, `${path} was not listed\n${was}\n${is}`);
    else {
      assert.deepEqual(only(was), impact.old, path);
      assert.deepEqual(only(is), impact.new, path);
      assert.notEqual(was, is, `${path} was listed and stays`);
    }
  }
  assert.deepEqual(await askPairs(server, paths, { lens, as_of: asOf }), before);

  await client.supersede({ target: source, action: 'restore', reason: 'The test is over.' });
  assert.deepEqual(await askPairs(server, paths, { lens }), before);
};

/** Under the configuration that names the demo's steward: corrected, shown with its author. */
export const stewardCorrected = async (
  server: ServerProcess,
  { correction }: SecondActReport,
  printed: string,
): Promise<void> => {
  assert.ok(correction.outcome !== 'nothing to correct');
  const { path, steward, target, replacement } = correction;
  assert.equal(steward, demoKey('steward').agentId);
  assert.ok(printed.includes(`Steward ${steward} replaces claim ${target}`));
  const [replaced, restored, ...more] = await supersessions(server, `&target=${target}`);
  assert.deepEqual(more, []);
  assert.ok(replaced?.record.kind === 'supersession' && restored?.record.kind === 'supersession');
  assert.deepEqual([replaced.record.action, restored.record.action], ['replace', 'restore']);
  assert.equal(replaced.record.replacement, replacement);
  assert.equal(replaced.record.agent_id, steward);
  assert.ok(replaced.effective && restored.effective);
  const counts = await Promise.all(
    [replaced.recorded_stamp, restored.recorded_stamp].map(async (as_of) => {
      const [text = ''] = await askPairs(server, [path], { lens: 'consensus', as_of });
      return only(text)?.candidates_count;
    }),
  );
  assert.deepEqual(counts, [1, 2], 'the stale claim is out, and comes back');
  assert.equal((await supersessions(server)).length, 4);
};
