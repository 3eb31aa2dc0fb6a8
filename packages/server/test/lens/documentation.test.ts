/** The tables of docs/lenses.md are read and computed again: the document cannot drift. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Candidate } from '../../src/lens/lens.js';
import { builtInLenses, lensRegistry } from '../../src/lens/registry.js';
import { constraintsOf } from '../../src/query/constraints.js';
import { candidates, run, type VoteDraft } from './candidates.js';

const text = readFileSync(new URL('../../../../../docs/lenses.md', import.meta.url), 'utf8');

/** The tables of a section: rows of cells, without the header and its rule. */
function tables(section: string): string[][][] {
  return section.split(/\n\n+/).flatMap((block) => {
    const lines = block.trim().split('\n');
    if (!lines[0]?.startsWith('|')) return [];
    return [
      lines.slice(2).map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
    ];
  });
}

/** Votes as they are written in a cell: `voter:weight@time`, with spaces between. */
const votesOf = (cell: string): VoteDraft[] =>
  cell.split(' ').flatMap((text) => {
    const [, voter, weight, at] = /^(\d+):(-?[\d.]+)@(\d+)$/.exec(text) ?? [];
    assert.ok(text === '' || voter !== undefined, `not a vote: ${text}`);
    return text === '' ? [] : [{ voter: Number(voter), weight: Number(weight), at: Number(at) }];
  });

const claimsOf = (rows: string[][]): Candidate[] =>
  candidates(
    rows.map(([id = '', value = '', ...cells]) => {
      const [agent = 0, origin = 0, tier = 0, e = 0, r = 0, at = 0] = cells.slice(0, 6).map(Number);
      const votes = votesOf(cells[6] ?? '');
      return { id, value, agent, origin, tier, e, r, at, votes };
    }),
  );

/** The parts of the document under such a heading. */
const parts = (heading: string): string[] =>
  text
    .split(heading)
    .slice(1)
    .map((part) => part.split(/\n##/)[0] ?? '');

const examples = parts('### Example: ');

test('the document has its four examples and names every lens', () => {
  assert.equal(examples.length, 4);
  for (const { name } of builtInLenses) assert.ok(text.includes(`| \`${name}\` |`), name);
});

for (const example of examples) {
  const title = example.split('\n')[0];
  const [claims = [], answers = [], conflicts = []] = tables(example);
  const rows = claimsOf(claims);

  test(`${title}: answers`, () => {
    assert.equal(answers.length, builtInLenses.length);
    for (const [name = '', ...expected] of answers) {
      const lens = lensRegistry.get(name);
      assert.ok(lens, name);
      const answer = run(lens, rows, { explain: true });
      const unit = name === 'recency' ? 1 : 1e9;
      const [first] = answer.values;
      const won = answer.hasWinner
        ? [first?.valueKey, first?.representative.id, String(answer.confidence)]
        : ['-', '-', '-'];
      const scores = answer.values.map(({ valueKey, score }) => `${valueKey} ${score / unit}`);
      const adding = (answer.roles ?? []).filter(({ contribution }) => contribution !== 0);
      const adds = adding.map(({ id }) => id).join(' ');
      assert.deepEqual([...won, scores.join(', '), adds], expected, name);
    }
  });

  test(`${title}: conflict, the same under every lens`, () => {
    for (const lens of builtInLenses) {
      const { conflictScore, entropyBits, status } = run(lens, rows).conflict;
      assert.deepEqual([[String(conflictScore), String(entropyBits), status]], conflicts);
    }
  });
}

test('the constraints of the document', () => {
  const [part = '', ...others] = parts('### Constraints of ');
  assert.equal(others.length, 0);
  const [path = ''] = part.split('\n');
  const [results = []] = tables(part);
  assert.ok(results.length > 4);
  const stated = results.map(([concept_path = '', predicate = '', value = '']) => ({
    concept_path,
    predicate,
    value: { parsed: JSON.parse(value) },
  }));
  const shown = constraintsOf(path, stated).map((constraint) => [
    constraint?.type,
    constraint?.subject,
    String(constraint?.distance),
    constraint?.contradicted_by?.join(' ') ?? '',
  ]);
  assert.deepEqual(
    shown,
    results.map((cells) => cells.slice(3)),
  );
});
