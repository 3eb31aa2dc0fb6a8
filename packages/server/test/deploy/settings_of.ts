/** The settings that a deployment gives, read as the server reads its environment. */
import assert from 'node:assert/strict';
import { type Config, loadConfig } from '../../src/config/config.js';
import { readBindAddress } from '../../src/guard/bind.js';
import { runCli } from '../support/cli_process.js';

/** The configuration that follows from these variables; fails when the server would not start. */
export const configOf = async (env: Readonly<Record<string, string>>): Promise<Config> => {
  const loaded = await loadConfig({
    flags: {},
    env,
    file: undefined,
    readFile: async () => undefined,
    checkBind: readBindAddress,
  });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.detail);
  return loaded.value.config;
};

/** Fails unless the words after `stemedb` are a command that exists, with options that it has. */
export const assertCommand = async (words: readonly string[]): Promise<void> => {
  const [command = '', ...rest] = words;
  const help = await runCli(command, '--help');
  assert.equal(help.exit, 0, `stemedb ${command}: ${help.err}`);
  assert.match(help.out, new RegExp(`^Usage: stemedb ${command}\\b`, 'm'));
  const options = rest.filter((word) => word.startsWith('--') && word !== '--quiet');
  for (const option of options) {
    assert.ok(help.out.includes(`${option} `), `stemedb ${command} has no ${option}`);
  }
};
