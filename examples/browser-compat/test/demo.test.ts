/** The demo's story against a database in memory, twice. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SignatureHex } from '@stemedb/model';
import { ContestedPairs } from '../src/contested.js';
import { stewardConfig } from '../src/correction.js';
import { type DemoOutput, demoKey, openReleases, runDemo } from '../src/index.js';
import { askAt, scanFeatures } from '../src/questions.js';
import { playSecondAct, type SecondActReport } from '../src/second_act.js';
import { MemoryClient } from './memory_client.js';
import { rederive, rederiveOlder } from './rederive.js';

class Lines implements DemoOutput {
  readonly texts: string[] = [];
  readonly tables = new Map<string, readonly (readonly string[])[]>();
  progressed = 0;
  stopped = 0;
  #section = '';

  section(title: string): void {
    this.#section = title;
    this.texts.push(title);
  }

  line(text: string): void {
    this.texts.push(text);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    for (const row of rows) assert.equal(row.length, head.length, this.#section);
    this.tables.set(`${this.#section}: ${head[0]}`, rows);
  }

  progress(): { update: (done: number) => void; stop: () => void } {
    return {
      update: (done) => {
        this.progressed = done;
      },
      stop: () => {
        this.stopped += 1;
      },
    };
  }

  includes(part: string): boolean {
    return this.texts.some((text) => text.includes(part));
  }
}

const sign = (): SignatureHex => '0'.repeat(128) as SignatureHex;
const releases = openReleases(sign);
const total = releases.older.total + releases.newer.total;
const options = { releases, sign, url: 'http://127.0.0.1:18180' };

/** One database for all tests: loading it is what takes time. */
const client = new MemoryClient();
const first = new Lines();
const report = await runDemo(client, first, options);

test('the demo loads, shows conflicts that hold, and the echo', () => {
  assert.equal(report.created, total);
  assert.equal(first.progressed, releases.newer.total);
  assert.equal(first.stopped, 2);
  assert.ok(!first.includes('Nothing was added'));

  assert.equal(report.conflicts.length, 50);
  for (const { path, values } of report.conflicts) {
    assert.ok(new Set(Object.values(values)).size > 1, path);
    for (const [name, value] of Object.entries(values)) {
      assert.equal(rederive(path, name), value, `${name} on ${path}`);
    }
  }
  const features = report.conflicts.map(({ path }) => path.split('/')[2]);
  assert.equal(new Set(features).size, 50, 'one of each feature');

  assert.ok(first.includes('3 claims, 2 voices'));
  const lenses = [...first.tables].find(([name]) => name.endsWith(': lens'))?.[1];
  assert.deepEqual(
    lenses?.map((row) => row[0]),
    ['recency', 'consensus', 'layered', 'skeptic'],
  );
  assert.ok(first.includes(`curl '${options.url}/v1/query`));
});

test('what sources said then and say now follows from the files of both releases', () => {
  const { counts, changes } = report.secondAct.thenAndNow;
  for (const { source, before, after, same } of counts) {
    assert.equal(before, releases.older.counts[source]);
    assert.ok(after > before && same < before, source);
  }
  assert.equal(changes.length, 20);
  for (const { source, path, before, after } of changes) {
    assert.notEqual(before, after, path);
    assert.equal(rederiveOlder(path, source), before, `${source} on ${path}`);
    assert.equal(rederive(path, source), after, `${source} on ${path}`);
  }
  assert.ok(first.includes('as_of just before that record has the old answers'));
});

test('decay is reckoned as the answers have it', () => {
  const { claims } = report.secondAct.decay;
  assert.ok(claims.length >= 4, 'claims of both releases');
  for (const { computed, effectiveConfidence } of claims) {
    assert.ok(Math.abs(computed - effectiveConfidence) < 1e-9);
    assert.ok(computed < 1);
  }
});

test('the retraction changes exactly what was listed, and is taken back', () => {
  const { retraction } = report.secondAct;
  assert.equal(retraction.listed, releases.newer.counts.caniuse);
  assert.equal(retraction.changed, retraction.listed);
  const sum = Object.values(retraction.effects).reduce((a, b) => a + b, 0);
  assert.equal(sum, retraction.listed);
  assert.deepEqual([retraction.strays, retraction.unrestored], [[], []]);
  assert.ok(retraction.isExact);
  assert.ok(first.includes('exactly those listed and as listed'));
});

test('without a steward in the policy the correction is refused, with what to do', () => {
  const { correction } = report.secondAct;
  assert.equal(correction.outcome, 'forbidden');
  assert.ok(first.includes('403 forbidden): Only its author and stewards may.'));
  assert.ok(first.includes(stewardConfig));
});

test('a second run adds nothing and tells the same', async () => {
  const { size } = client;
  const second = new Lines();
  const { created, duplicate, ...retold } = await runDemo(client, second, options);
  assert.equal(created, 0);
  assert.equal(duplicate, total);
  assert.ok(second.includes('Nothing was added'));
  assert.equal(client.size, size, 'no record of any kind');
  const { conflicts, refused, secondAct } = report;
  assert.deepEqual(retold, { conflicts, refused, secondAct });
  assert.deepEqual([...second.tables], [...first.tables]);
});

/** The second act alone, on the database as it is. */
const playAgain = async (output: Lines): Promise<SecondActReport> => {
  const { between, complete } = report.secondAct;
  const { duels } = await scanFeatures(askAt(client, complete), 1);
  return playSecondAct({ client, output, releases, sign, between, complete }, duels);
};

test('an answer that changes without having been listed is found', async () => {
  client.unlisted = 1;
  const output = new Lines();
  const { retraction } = await playAgain(output);
  client.unlisted = 0;
  assert.equal(retraction.isExact, false);
  assert.equal(retraction.strays.length, 1);
  assert.ok(output.includes('1 did not do as listed'));
});

test('with the steward in the policy the correction is made, shown and taken back', async () => {
  client.steward = demoKey('steward').agentId;
  const { size } = client;
  const output = new Lines();
  const played = await playAgain(output);
  const { correction } = played;
  assert.ok(correction.outcome === 'corrected');
  assert.equal(client.size, size + 2);
  assert.ok(output.includes(`Steward ${correction.steward} replaces claim ${correction.target}`));
  const rows = output.tables.get('A correction by a steward: asked') ?? [];
  assert.deepEqual(
    rows.slice(0, 2).map(([, , claims, conflict]) => [claims, conflict]),
    [
      ['2', '1'],
      ['1', '0'],
    ],
  );
  assert.ok(Number(rows[2]?.[2]) >= 2, 'the replaced claim is still there');
  assert.deepEqual(await playAgain(new Lines()), played);
  assert.equal(client.size, size + 2);
});

test('the document has the figures of the second act', () => {
  const file = new URL('../../../../docs/demo.md', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const grouped = (count: number): string => count.toLocaleString('en-US');
  const { thenAndNow, retraction } = report.secondAct;
  for (const row of thenAndNow.counts) {
    const { source, before, after, same, arrived, corrected, ended, added, dropped } = row;
    const counts = [before, after, same, arrived, corrected, ended, added, dropped].map(grouped);
    assert.ok(text.includes(`| ${[source, ...counts].join(' | ')} |`), source);
  }
  for (const { name, content } of releases.older.sources) {
    const version = content.uri?.split('/').at(-1);
    const released = new Date(content.asserted_at).toISOString().slice(0, 10);
    const count = grouped(releases.older.counts[name]);
    assert.ok(text.includes(` ${version} | ${released} | ${count} |`), name);
  }
  const prose = text.replaceAll(/\s+/g, ' ');
  const { listed, effects, pairs } = retraction;
  for (const sentence of [
    `another ${grouped(releases.older.total)} claims`,
    `under \`consensus\` ${grouped(listed)} answers would change`,
    `${effects['no answer']} have no answer any more, ${effects['no contradiction']} lose`,
    `asks all ${grouped(pairs)} pairs`,
  ]) {
    assert.ok(prose.includes(sentence), sentence);
  }
});

test('the configuration that the demo names has its steward', () => {
  const file = new URL(`../../../../${stewardConfig}`, import.meta.url);
  const stewards = `stewards = ["${demoKey('steward').agentId}"]`;
  assert.ok(readFileSync(file, 'utf8').includes(stewards));
});

test('the progress bar stops when sending fails', async () => {
  const client = new MemoryClient();
  client.sendClaims = () => Promise.reject(new Error('gone'));
  const output = new Lines();
  await assert.rejects(runDemo(client, output, options), /gone/);
  assert.equal(output.stopped, 1);
});

const pair = (
  path: string,
  conflict: number,
  claims = 2,
): Parameters<ContestedPairs['offer']>[0] => ({
  concept_path: path,
  conflict_score: conflict,
  entropy_bits: conflict,
  candidates_count: claims,
});

test('contested pairs: the best of each feature, ordered, bounded, in any order of offers', () => {
  const offers = [
    pair('f/a/x', 0.5),
    pair('f/a/y', 1),
    pair('f/b/x', 1, 3),
    pair('f/c/x', 0),
    pair('f/d/x', 0.9),
    pair('f/e/x', 1),
  ];
  for (const list of [offers, [...offers].reverse()]) {
    const top = new ContestedPairs(3);
    for (const offer of list) top.offer(offer);
    assert.deepEqual(
      top.list().map((each) => each.concept_path),
      ['f/b/x', 'f/a/y', 'f/e/x'],
    );
    const roomy = new ContestedPairs(10);
    for (const offer of list) roomy.offer(offer);
    assert.deepEqual(
      roomy.list().map((each) => each.concept_path),
      ['f/b/x', 'f/a/y', 'f/e/x', 'f/d/x'],
    );
  }
});
