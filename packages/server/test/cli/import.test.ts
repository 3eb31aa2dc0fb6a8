import assert from 'node:assert/strict';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Asked, answering, run, scratch } from './harness.js';

const source = (title: string): string => `{"kind":"source","title":"${title}"}`;
const exported = (title: string): string =>
  `{"record":${source(title)},"stamp":"${'0'.repeat(32)}","proof":"node"}`;

const sent = (asked: Asked): readonly string[] =>
  asked.body.split('\n').filter((line) => line !== '');

const titles = (asked: Asked | undefined): readonly string[] =>
  asked === undefined ? [] : sent(asked).map((line) => String(JSON.parse(line).title));

const end = (lines: number, refused = 0): string =>
  `${JSON.stringify({ type: 'end', lines, created: lines - refused, duplicate: 0, refused })}\n`;

const takesAll = (asked: Asked): { status: number; text: string } => ({
  status: 200,
  text: end(sent(asked).length),
});

test('export lines and bare content are sent as records', async (context) => {
  const server = await answering(context, takesAll);
  const file = join(await scratch(context), 'in.jsonl');
  await writeFile(file, `${exported('a')}\n\n  \n${source('b')}\r\n${exported('c')}`);
  const ran = await run(['import', file, '--url', server.url]);
  assert.equal(ran.exit, 0, ran.err);
  assert.equal(server.asked[0]?.url, '/v1/records');
  assert.deepEqual(titles(server.asked[0]), ['a', 'b', 'c']);
  assert.match(ran.out, /^3 created, 0 already there, 0 refused/);
  await assert.rejects(access(`${file}.import-state`), { code: 'ENOENT' });
});

test('standard input works as well', async (context) => {
  const server = await answering(context, takesAll);
  const ran = await run(['import', '-', '--json', '--url', server.url], { input: source('x') });
  assert.equal(ran.exit, 0, ran.err);
  assert.equal(JSON.parse(ran.out).created, 1);
});

test('each refused line is named by file and line, the others are kept', async (context) => {
  const server = await answering(context, (asked) => {
    const refused = { line: 2, code: 'signature_invalid', detail: 'no \u001b[1m' };
    return { status: 200, text: `${JSON.stringify(refused)}\n${end(sent(asked).length, 1)}` };
  });
  const file = join(await scratch(context), 'in.jsonl');
  await writeFile(file, `{"broken\n${source('a')}\n\n[1]\n${source('b')}\n${source('c')}\n`);
  const ran = await run(['import', file, '--url', server.url]);
  assert.equal(ran.exit, 65);
  assert.deepEqual(titles(server.asked[0]), ['a', 'b', 'c']);
  const lines = ran.err.split('\n').filter((line) => line.startsWith(file));
  assert.equal(lines.length, 3, ran.err);
  assert.ok(lines.some((line) => line.startsWith(`${file}:1: malformed_json: `)));
  assert.ok(lines.some((line) => line.startsWith(`${file}:4: invalid_field: `)));
  assert.ok(lines.includes(`${file}:5: signature_invalid: no \\u001b[1m`));
  assert.match(ran.out, /^2 created, 0 already there, 3 refused/);
});

test('the same command goes on where the last one stopped', async (context) => {
  const refused = { line: 1, code: 'invalid_field', detail: 'no' };
  const broken = `${JSON.stringify(refused)}\n${JSON.stringify({ durable_through: 2 })}\n`;
  let healthy = false;
  const server = await answering(context, (asked) =>
    healthy
      ? takesAll(asked)
      : asked === undefined || sent(asked).length === 2
        ? { status: 503, text: '{"code":"log_failed","detail":"The disk failed."}' }
        : { status: 200, text: broken },
  );
  const file = join(await scratch(context), 'in.jsonl');
  // The broken line is read ahead of what is decided: the next run reports it, once.
  const lines = [source('a'), '', source('b'), source('c'), '{', source('d')];
  await writeFile(file, lines.join('\n'));
  const words = ['import', file, '--url', server.url];
  const first = await run(words);
  assert.equal(first.exit, 74, first.err);
  assert.match(first.err, /goes on where this one stopped/);
  const state = JSON.parse(await readFile(`${file}.import-state`, 'utf8'));
  assert.deepEqual([state.line, state.refused], [3, 1]);
  healthy = true;
  const second = await run(words);
  assert.equal(second.exit, 65, second.err);
  assert.match(second.err, /Going on after line 3/);
  assert.match(second.out, /^2 created, 0 already there, 2 refused/);
  assert.deepEqual(titles(server.asked.at(-1)), ['c', 'd']);
  await assert.rejects(access(`${file}.import-state`), { code: 'ENOENT' });
});

test('a state of another input or server is not used', async (context) => {
  const server = await answering(context, takesAll);
  const file = join(await scratch(context), 'in.jsonl');
  await writeFile(file, `${source('a')}\n${source('b')}\n`);
  const state = { url: server.url, size: 1, line: 1, refused: 0 };
  for (const other of [state, { ...state, url: 'http://x' }, { line: 'x' }, []]) {
    await writeFile(`${file}.import-state`, JSON.stringify(other));
    assert.equal((await run(['import', file, '--url', server.url])).exit, 0);
    assert.deepEqual(titles(server.asked.at(-1)), ['a', 'b']);
  }
});

test('--from-line and --no-resume say where to begin', async (context) => {
  const server = await answering(context, takesAll);
  const file = join(await scratch(context), 'in.jsonl');
  const text = `${source('a')}\n${source('b')}\n`;
  await writeFile(file, text);
  await run(['import', file, '--from-line', '2', '--url', server.url]);
  assert.deepEqual(titles(server.asked.at(-1)), ['b']);
  const state = { url: server.url, size: text.length, line: 1, refused: 0 };
  await writeFile(`${file}.import-state`, JSON.stringify(state));
  await run(['import', file, '--no-resume', '--url', server.url]);
  assert.deepEqual(titles(server.asked.at(-1)), ['a', 'b']);
});

test('a file that is not there is one sentence and 1', async () => {
  const ran = await run(['import', '/nowhere/at/all.jsonl']);
  assert.equal(ran.exit, 1);
  assert.match(ran.err, /^error: not_found: .*all\.jsonl/);
});

test('a line that is too long is refused, not collected', async (context) => {
  const server = await answering(context, takesAll);
  const file = join(await scratch(context), 'in.jsonl');
  await writeFile(file, `"${'x'.repeat(9 * 1024 * 1024)}"\n${source('a')}\n`);
  const ran = await run(['import', file, '--url', server.url]);
  assert.equal(ran.exit, 65);
  assert.match(ran.err, /in\.jsonl:1: body_too_large/);
  assert.deepEqual(titles(server.asked[0]), ['a']);
});
