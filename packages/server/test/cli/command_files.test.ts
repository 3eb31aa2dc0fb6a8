import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Command } from 'commander';
import { commandFiles } from '../../src/cli/command_files.js';
import { run } from './harness.js';

it('names the commands that each file makes, each once', async () => {
  for (const { commands, load } of commandFiles) {
    const program = new Command();
    (await load())(program, () => Promise.resolve());
    const made = program.commands.map((command) => command.name());
    assert.deepEqual(made, commands);
  }
  const names = commandFiles.flatMap(({ commands }) => commands);
  assert.equal(new Set(names).size, names.length);
});

it('takes the first word that belongs to no option for the command', async () => {
  const { exit, err } = await run(['--url', 'list', '--json', 'skeptic', 'a/b']);
  assert.match(err, /--url must be like .*, not list\./);
  assert.equal(exit, 78);
});

it('knows every command where none is named, or one that there is not', async () => {
  const names = commandFiles.flatMap(({ commands }) => commands);
  const { out, exit } = await run(['--help']);
  assert.equal(exit, 0);
  for (const name of names) assert.match(out, new RegExp(`^  ${name}\\b`, 'm'));
  const wrong = await run(['skeptik', 'a/b']);
  assert.match(wrong.err, /unknown command 'skeptik'\n\(Did you mean skeptic\?\)/);
  assert.equal(wrong.exit, 2);
  assert.match((await run(['help', 'drill'])).out, /^Usage: stemedb drill /);
});

it('tells once what is wrong before the command, and prints the version once', async () => {
  const missing = await run(['--url']);
  assert.equal(missing.err.match(/argument missing/g)?.length, 1);
  assert.equal(missing.exit, 2);
  assert.deepEqual(await run(['query', '--version']), { exit: 0, out: 'stemedb 1.2.3\n', err: '' });
});
