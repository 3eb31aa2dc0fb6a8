/** The commands for the records about claims, against a real server: what a person sees of them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { scratchDirectories } from '../ops/directories.js';
import { type Ran, run, scratch } from './harness.js';
import { startReal } from './real_server.js';

type Cli = (...words: readonly string[]) => Promise<Ran>;

interface Desk {
  readonly cli: Cli;
  /** The id that a command which states something prints. */
  readonly id: (...words: readonly string[]) => Promise<string>;
  readonly ann: string;
  readonly bob: string;
}

/** A server, and two agents with keys. */
const open = async (context: TestContext): Promise<Desk> => {
  const server = await startReal(context, await scratchDirectories(context));
  const folder = await scratch(context);
  const cli: Cli = (...words) => run(words, { env: { STEMEDB_URL: server.url } });
  const [ann, bob] = [join(folder, 'ann.json'), join(folder, 'bob.json')];
  for (const key of [ann, bob]) assert.equal((await cli('keys', 'generate', '-o', key)).exit, 0);
  const id = async (...words: readonly string[]): Promise<string> => {
    const ran = await cli(...words, '--quiet');
    assert.equal(ran.exit, 0, ran.err);
    return ran.out.trim();
  };
  return { cli, id, ann, bob };
};

const assertShows = (ran: Ran, ...patterns: readonly RegExp[]): void => {
  assert.equal(ran.exit, 0, ran.err);
  for (const pattern of patterns) assert.match(ran.out + ran.err, pattern);
};

test('sign and vote, and see both', async (context) => {
  const { cli, id, ann, bob } = await open(context);
  const claim = await id('assert', 'a/b', 'p', 'x', '--key', ann);
  const other = await id('assert', 'a/b', 'p', 'y');
  assertShows(await cli('sign', claim, '--key', bob), /created/, new RegExp(`signed ${claim}`));
  await id('vote', claim, '1', '--key', bob);
  await id('vote', other, '-1');
  assertShows(await cli('query', 'a/b', '--lens', 'votes'), /"x"/);
  assertShows(await cli('show', claim), /signed by 2/, /1 voter, in sum 1/);
  const listed = await cli('list', 'vote', '--target', other);
  assertShows(listed, new RegExp(`vote -1 on ${other}`));
  const json = await cli('list', 'attestation', '--target', claim, '--json');
  assert.equal(JSON.parse(json.out).records.length, 2);
  assert.equal((await cli('vote', '0'.repeat(64), '1')).exit, 1);
});

test('replace, restore, retract, and be refused', async (context) => {
  const { cli, id, ann, bob } = await open(context);
  const wrong = await id('assert', 'a/b', 'p', 'wrong', '--key', ann);
  const right = await id('assert', 'a/b', 'p', 'right', '--asserted-at', '1', '--key', ann);
  const reason = ['--reason', 'a slip'];
  await id('supersede', 'replace', wrong, right, ...reason, '--key', ann);
  assertShows(await cli('query', 'a/b'), /"right"/);
  assertShows(await cli('query', 'a/b', '--include-superseded'), /"wrong"/);
  await id('supersede', 'restore', wrong, ...reason, '--key', ann);
  assertShows(await cli('query', 'a/b'), /"wrong"/);
  const refused = await cli('supersede', 'retract', wrong, ...reason, '--key', bob);
  assert.equal(refused.exit, 1);
  assert.match(refused.err, /^error: forbidden: /);
  await id('supersede', 'retract', wrong, ...reason, '--key', ann);
  assertShows(await cli('query', 'a/b', '--on-retracted', 'warn'), /"wrong"/, /warning: /);
  assertShows(await cli('show', wrong), /retract .*because "a slip"/);
  const listed = await cli('list', 'supersession', '--target', wrong, '--quiet');
  assert.equal(listed.out.trim().split('\n').length, 3);
});

test('a revision takes the place, a jump is refused', async (context) => {
  const { cli, id, ann } = await open(context);
  const first = await id('assert', 'a/b', 'p', 'x', '--key', ann);
  const words = ['assert', 'a/b', 'p', 'x', '--parent', first, '--key', ann, '--lifecycle'];
  const child = await id(...words, 'under_review');
  assertShows(await cli('show', first), new RegExp(`its place was taken by ${child}`));
  assertShows(await cli('show', child), /lifecycle in effect: under_review/);
  assertShows(
    await cli('query', 'a/b'),
    new RegExp(`state in effect: under_review, with the voice of ${first}`),
  );
  const jump = await cli(...words, 'deprecated');
  assert.equal(jump.exit, 1);
  assert.match(jump.err, /^error: transition_not_allowed: /);
});

test('a source is looked at, retracted, and gone', async (context) => {
  const { cli, id, ann } = await open(context);
  const source = await id('source', 'Leaflet', '--uri', 'https://x.example/', '--key', ann);
  await id('assert', 'a/b', 'p', 'cited', '--source', source);
  assertShows(await cli('impact', source), /"cited".*no answer/, /1 record rests on it/);
  const dry = await cli('retract-source', source, '--dry-run', '--json');
  const { answers, dependants, position } = JSON.parse(dry.out);
  assert.deepEqual([answers, dependants], [1, 1]);
  await id('assert', 'a/c', 'p', 'late', '--source', source);
  const words = ['retract-source', source, '--reason', 'withdrawn', '--key', ann];
  const late = await cli(...words, '--if-position', position);
  assert.equal(late.exit, 1);
  assert.match(
    late.err,
    /^2 records rest on it; under recency, 2 answers would change\.\nerror: conflict/,
  );
  assertShows(await cli(...words), /created/, /because "withdrawn"/);
  assertShows(await cli('query', 'a/b'), /There is no claim/);
  assertShows(await cli('show', source), /without effect|retracted/);
});

test('epochs and aliases', async (context) => {
  const { cli, id, ann, bob } = await open(context);
  const old = await id('epoch', '2021', '--key', ann);
  await id('assert', 'a/b', 'p', 'then', '--epoch', old);
  await id('epoch', '2026', '--supersedes', old, '--key', ann);
  assertShows(await cli('query', 'a/b'), /There is no claim/);
  assertShows(await cli('show', old), /name +"2021"/);
  assertShows(await cli('list', 'epoch'), new RegExp(`epoch "2026", supersedes ${old}`));
  await id('assert', 'a/c', 'p', 'v');
  assertShows(await cli('alias', 'x/y', 'a/c', '--key', bob), /warning: alias_proposed/);
  assertShows(await cli('query', 'x/y'), /There is no claim/);
  assertShows(await cli('query', 'x/y', '--aliases', 'all'), /joined by aliases: a\/c/);
  const own = await cli('alias', 'x/y', 'a/c');
  assertShows(own, /a\/c is x\/y/);
  assert.doesNotMatch(own.err, /alias_proposed/);
  assertShows(await cli('query', 'x/y'), /"v"/);
  assertShows(await cli('list', 'alias', '--path', 'x/y'), /without effect/);
});

test('a verdict that does not count, and the trust', async (context) => {
  const { cli, id, bob } = await open(context);
  const claim = await id('assert', 'a/b', 'p', 'x', '--key', bob);
  const judged = await cli('verdict', claim, 'inaccurate');
  assertShows(judged, /warning: verdict_not_counted/, new RegExp(`${claim} is inaccurate`));
  const stated = JSON.parse((await cli('show', claim, '--json')).out);
  assertShows(await cli('trust', stated.record.agent_id), /^trust 0\.5 after 0 verdicts/);
  assertShows(await cli('query', 'a/b', '--min-trust', '0.6'), /There is no claim/);
});

test('constraints of a concept', async (context) => {
  const { cli, id } = await open(context);
  await id('assert', 'service', 'forbidden:md5', 'true');
  await id('assert', 'service/login', 'must_use:tls', 'true');
  const shown = await cli('constraints', 'service/login');
  assertShows(shown, /forbidden.*md5.*service \(1 up\)/, /must_use.*tls.*service\/login/);
});

test('a claim is shown with its proof', async (context) => {
  const { cli, id } = await open(context);
  const claim = await id('assert', 'a/b', 'p', 'x');
  assertShows(await cli('show', claim, '--proof'), /leaf \d+ of \d+, root /);
});
