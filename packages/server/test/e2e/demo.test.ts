/**
 * The demo as a newcomer sees it: a server in its own process, the command line in another, the
 * real data. What it prints is derived again from the packages' files by code that shares nothing
 * with the importer; then the store is thrown away and must give the same bytes again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SecondActReport } from '@stemedb/example-browser-compat';
import type { Answer, AnswerResult } from '@stemedb/model';
import { type Asked, askAll, type RawAnswer, resultsOf } from '../support/asker.js';
import { directoriesOf, runCli } from '../support/cli_process.js';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import {
  changesExactlyWhatIsListed,
  followsFromFiles,
  type Rederivations,
  stewardCorrected,
  wentAsListed,
} from './second_act.js';

const seed = Number(process.env.STEMEDB_SEED ?? 20_261_121);
const pairsAsked = 1000;
const contestedAsked = 400;
const lenses = ['recency', 'confidence', 'consensus', 'authority', 'layered', 'skeptic'];
const sources = ['mdn', 'caniuse', 'web-features'] as const;

type Source = (typeof sources)[number];

/** Its policy names the demo's steward. */
const stewardConfig = fileURLToPath(
  new URL('../../../../../examples/browser-compat/stemedb.toml', import.meta.url),
);

interface DemoReport {
  readonly created: number;
  readonly refused: number;
  readonly conflicts: readonly {
    readonly path: string;
    readonly values: { readonly [name in Source]?: string | false };
    readonly conflictScore: number;
  }[];
  readonly secondAct: SecondActReport;
}

/** Not a part of the example's API: its own tests use it, and this one. */
const loadRederivations = async (): Promise<Rederivations> => {
  const file = '../../../../../examples/browser-compat/dist/test/rederive.js';
  return (await import(new URL(file, import.meta.url).href)) as Rederivations;
};

const assertionCount = async (server: ServerProcess): Promise<number> => {
  const { body } = await server.get('/v1/health');
  return (body as { assertion_count: number }).assertion_count;
};

const loads = async (server: ServerProcess): Promise<DemoReport> => {
  const ran = await runCli('demo', 'browser-compat', '--json', '--url', server.url);
  assert.equal(ran.exit, 0, `${ran.err}\nThe server said last:\n${server.output}`);
  const report = JSON.parse(ran.out) as DemoReport;
  const count = await assertionCount(server);
  assert.ok(count >= 200_000, `only ${count} claims`);
  assert.equal(report.created, count);
  assert.equal(report.refused, 0);
  return report;
};

const areReal = async (report: DemoReport): Promise<void> => {
  const { rederive } = await loadRederivations();
  assert.equal(report.conflicts.length, 50);
  assert.equal(new Set(report.conflicts.map(({ path }) => path)).size, 50);
  for (const { path, values, conflictScore } of report.conflicts) {
    for (const name of sources) assert.equal(values[name], rederive(path, name), `${path} ${name}`);
    const distinct = new Set(Object.values(values));
    assert.ok(distinct.size > 1, `${path} is no conflict`);
    assert.ok(conflictScore > 0);
  }
};

/** What the second run prints. */
const addsNothing = async (server: ServerProcess, report: DemoReport): Promise<string> => {
  const before = await assertionCount(server);
  const ran = await runCli('demo', 'browser-compat', '--url', server.url);
  assert.equal(ran.exit, 0, `${ran.err}\nThe server said last:\n${server.output}`);
  assert.match(ran.out, /^0 added, [\d,]+ already there, 0 refused\.$/m);
  assert.match(ran.out, /^Nothing was added/m);
  assert.equal(await assertionCount(server), before);
  const rows = ran.out.split('\n').map((line) => line.split('│').map((cell) => cell.trim()));
  for (const { path, values } of report.conflicts) {
    const [feature, browser] = path.split('/').slice(2);
    const head = rows.find((cells) => cells[1] === 'feature');
    const row = rows.find((cells) => cells[1] === feature && cells[2] === browser);
    for (const name of sources) {
      const value = values[name] ?? '-';
      const cell = value === false ? 'not supported' : value;
      assert.equal(row?.[head?.indexOf(name) ?? -1], cell, `${path} ${name} is not printed`);
    }
  }
  return ran.out;
};

/** What the demo says to type next works as it stands. */
const printedLinesWork = async (server: ServerProcess, printed: string): Promise<void> => {
  const lines = printed.slice(printed.indexOf('Ask more')).split('\n');
  const commands = lines.filter((line) => line.startsWith('stemedb '));
  assert.ok(commands.length >= 6, printed);
  for (const command of commands) {
    const ran = await runCli(...command.split(' ').slice(1), '--url', server.url);
    assert.equal(ran.exit, 0, `${command}\n${ran.err}`);
    assert.notEqual(ran.out.trim(), '', command);
  }
  const asked = lines.flatMap((line) => /^curl '(.*)'$/.exec(line)?.[1] ?? []);
  assert.ok(asked.length >= 2, printed);
  for (const url of asked) {
    const answer = (await (await fetch(url)).json()) as Answer;
    assert.ok(answer.results.length > 0, url);
  }
};

/** Every result under a prefix, page by page. */
const resultsUnder = async (
  server: ServerProcess,
  prefix: string,
  pagesMax: number,
): Promise<readonly AnswerResult[]> => {
  const found: AnswerResult[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const search = new URLSearchParams({ prefix, lens: 'consensus', limit: '1000' });
    if (cursor !== undefined) search.set('cursor', cursor);
    const { status, body } = await server.get(`/v1/query?${search}`);
    assert.equal(status, 200, JSON.stringify(body));
    const answer = body as Answer;
    found.push(...answer.results);
    cursor = answer.next_cursor;
    if (cursor === undefined) break;
  }
  return found;
};

const drawPairs = async (
  server: ServerProcess,
  random: Seeded,
): Promise<readonly AnswerResult[]> => {
  const features = await resultsUnder(server, 'web/feature', 100);
  const contested = features.filter((result) => result.conflict_score > 0.5);
  assert.ok(contested.length >= contestedAsked, `only ${contested.length} contested pairs`);
  const others = features.filter((result) => result.conflict_score <= 0.5);
  for (const part of random.shuffled(['api', 'css', 'html', 'http', 'javascript', 'svg'])) {
    others.push(...(await resultsUnder(server, `web/bcd/${part}`, 3)));
  }
  return [
    ...random.shuffled(contested).slice(0, contestedAsked),
    ...random.shuffled(others).slice(0, pairsAsked - contestedAsked),
  ];
};

/** With and without a moment, decay, explanation: all eight, each with the number of its parts. */
const variantsAt = (moment: string): readonly (readonly [number, Asked])[] =>
  [{}, { as_of: moment }].flatMap((at) =>
    [{}, { decay: 'class' }].flatMap((decay) =>
      [{}, { explain: 'true' }].map((explain) => {
        const variant: Asked = { ...at, ...decay, ...explain };
        return [Object.keys(variant).length, variant] as const;
      }),
    ),
  );

/**
 * Every lens about a pair, each pair at its own moment. In short runs the pairs take turns between
 * the variants with an even and those with an odd number of parts.
 */
const questionsAbout = (
  { concept_path, predicate }: AnswerResult,
  turn: number,
  moment: string,
): readonly Asked[] => {
  const asked = variantsAt(moment)
    .filter(([parts]) => countOf(parts % 2, turn % 2) === turn % 2)
    .map(([, variant]) => variant);
  return lenses.flatMap((lens) =>
    asked.map((variant) => ({ concept_path, predicate, lens, ...variant })),
  );
};

/**
 * The question to ask again: without a moment, decay is measured up to the time of the question,
 * which never comes again; its answer names that time.
 */
const askedAgain = (question: Asked, { text }: RawAnswer): Asked => {
  if (question.decay === undefined || question.as_of !== undefined) return question;
  return { ...question, as_of: (JSON.parse(text) as Answer).as_of_stamp };
};

test('the demo: real claims, real conflicts, once', { timeout: 1_800_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed);
  let server = await ServerProcess.start();
  const { directory } = server;
  t.after(() => server.remove());
  let report: DemoReport | undefined;
  const startedMs = Date.now();
  await t.test('at least 200,000 claims are loaded', async () => {
    report = await loads(server);
  });
  const loadedMs = [startedMs, Date.now()] as const;
  if (report === undefined) return;
  const loaded = report;
  await t.test('the 50 printed conflicts follow from the files', () => areReal(loaded));
  await t.test('its second act follows from the files and from what it listed', async () => {
    followsFromFiles(loaded.secondAct, await loadRederivations());
    await wentAsListed(server, loaded.secondAct);
  });
  await t.test('a second run adds no claim; with a steward it corrects one', async () => {
    assert.equal(await server.stop(), 0);
    server = await ServerProcess.start({ directory, args: ['--config', stewardConfig] });
    const printed = await addsNothing(server, loaded);
    await stewardCorrected(server, loaded.secondAct, printed);
    await printedLinesWork(server, printed);
  });
  await t.test('a retraction changes exactly the answers listed before it', async (retracting) => {
    const lens = random.pick(lenses);
    retracting.diagnostic(`lens ${lens}`);
    const drawn = await drawPairs(server, random);
    const { source } = loaded.secondAct.retraction;
    await changesExactlyWhatIsListed(server, source, lens, drawn);
  });
  await t.test('a rebuilt store answers with the same bytes', async (rebuilding) => {
    const pairs = await drawPairs(server, random);
    assert.equal(pairs.length, pairsAsked);
    const [from, to] = loadedMs;
    const questions = pairs.flatMap((pair, turn) =>
      questionsAbout(pair, turn, String(from + random.below(to - from))),
    );
    const answers = await askAll(server.url, questions);
    const before = answers.map(resultsOf);
    const held = before.filter((text) => text !== '"results":[]').length;
    assert.ok(held > questions.length / 2, 'too few questions have an answer to compare');
    rebuilding.diagnostic(`${questions.length} questions, ${held} with a result`);
    assert.equal(await server.stop(), 0);
    const rebuilt = await runCli('rebuild', ...directoriesOf(directory));
    assert.equal(rebuilt.exit, 0, rebuilt.err);
    assert.match(rebuilt.out, /rebuilt from \d+ records/);
    server = await ServerProcess.start({ directory });
    const again = answers.map((answer, at) => askedAgain(questions[at] ?? {}, answer));
    const after = (await askAll(server.url, again)).map(resultsOf);
    for (const [at, text] of before.entries()) {
      assert.ok(after[at] === text, `${JSON.stringify(questions[at])}\n${text}\n${after[at]}`);
    }
  });
});
