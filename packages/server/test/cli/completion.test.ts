/** Completion in the real shells: what each offers at the end of a line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run, scratch } from './harness.js';

const skipWithout = (shell: string): string | false =>
  spawnSync(shell, ['--version']).status === 0 ? false : `needs ${shell}`;

/** The words of a line up to the cursor; the last one is being written. */
type Line = readonly string[];

const script = async (context: TestContext, shell: string): Promise<string> => {
  const { exit, out } = await run(['completion', shell]);
  assert.equal(exit, 0);
  const path = join(await scratch(context), `completion.${shell}`);
  await writeFile(path, out);
  return path;
};

const shellOutput = (shell: string, words: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(shell, words, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
};

/** Offers of one shell at the end of a line. */
type Offers = (line: Line) => readonly string[];

const bashOffers =
  (path: string): Offers =>
  (line) => {
    const code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _stemedb; ';
    const print = 'printf "%s\\n" "$' + '{COMPREPLY[@]}"';
    const words = ['--norc', '-c', code + print, 'bash', path, ...line];
    return shellOutput('bash', words).split('\n').filter(Boolean);
  };

/** The functions of zsh that draw offers print them instead. */
const zshOffers =
  (path: string): Offers =>
  (line) => {
    const code = [
      'compdef() { : }',
      '_describe() { local -a all; all=("$' + '{(@P)@[-1]}"); print -rl -- "$' + '{all[@]%%:*}" }',
      'compadd() { shift; print -rl -- "$@" }',
      '_files() { print -r -- "files $*" }',
      'source "$1"; shift; words=("$@"); CURRENT=$#; _stemedb',
    ].join('\n');
    const last = line.at(-1) ?? '';
    const offers = shellOutput('zsh', ['-f', '-c', code, 'zsh', path, ...line]).split('\n');
    return offers.filter((offer) => offer !== '' && offer.startsWith(last));
  };

const fishOffers =
  (path: string): Offers =>
  (line) => {
    const code = 'source $argv[1]; complete -C (string join " " -- $argv[2..-1])';
    const offers = shellOutput('fish', ['--no-config', '-c', code, '--', path, ...line]);
    return offers
      .split('\n')
      .map((offer) => offer.split('\t')[0] ?? '')
      .filter(Boolean);
  };

const shells: Readonly<Record<string, (path: string) => Offers>> = {
  bash: bashOffers,
  zsh: zshOffers,
  fish: fishOffers,
};

for (const [shell, offersOf] of Object.entries(shells)) {
  test(`${shell} completes commands, options and values`, {
    skip: skipWithout(shell),
  }, async (context) => {
    const offers = offersOf(await script(context, shell));
    assert.deepEqual(offers(['stemedb', 'que']), ['query']);
    // The value of an option is no command, whatever it is called.
    assert.deepEqual(offers(['stemedb', '--url', 'query', 'doc']), ['doctor']);
    const supersede = offers(['stemedb', 'supersede', '']);
    for (const name of ['replace', 'retract', 'restore']) assert.ok(supersede.includes(name));
    assert.ok(!supersede.includes('query'));
    assert.deepEqual(offers(['stemedb', 'query', 'a/b', '--le']), ['--lens']);
    assert.deepEqual(offers(['stemedb', 'verify', '--qui']), ['--quiet']);
    const types = offers(['stemedb', 'assert', 'a', 'b', '1', '--type', '']);
    assert.deepEqual([...types].sort(), ['auto', 'boolean', 'json', 'number', 'ref', 'string']);
    const names = offers(['stemedb', 'completion', '']);
    assert.deepEqual([...names].sort(), ['bash', 'fish', 'zsh']);
    // What help hides is offered to nobody.
    assert.ok(!offers(['stemedb', 'verify', '--s']).includes('--store-only'));
  });
}

test('bash registers the function and offers directories and files', {
  skip: skipWithout('bash'),
}, async (context) => {
  const path = await script(context, 'bash');
  const registered = shellOutput('bash', ['--norc', '-c', 'source "$1"; complete -p', 'x', path]);
  assert.match(registered, /complete -F _stemedb stemedb/);
  const folder = await scratch(context);
  await writeFile(join(folder, 'some records.jsonl'), '');
  const offers = bashOffers(path);
  assert.deepEqual(offers(['stemedb', 'import', join(folder, 'so')]), [
    join(folder, 'some records.jsonl'),
  ]);
  assert.deepEqual(offers(['stemedb', 'verify', '--data', join(folder, 'so')]), []);
  assert.deepEqual(offers(['stemedb', 'verify', '--data', folder.slice(0, -1)]), [folder]);
});

test('every command of the program is in every script', async () => {
  const { out: help } = await run(['--help']);
  const names = [...help.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name ?? '');
  assert.ok(names.length > 20);
  for (const shell of Object.keys(shells)) {
    const { out } = await run(['completion', shell]);
    for (const name of names) assert.ok(out.includes(name), `${shell}: ${name}`);
  }
});

test('an unknown shell is refused with those that are known', async () => {
  const { exit, err } = await run(['completion', 'tcsh']);
  assert.equal(exit, 2);
  assert.match(err, /bash, zsh, fish/);
});
