/** The command line of `stemedb-api`: one flag for each setting. */
import { Command } from 'commander';
import { type SettingKey, settings } from '../config/settings.js';

export interface ServerArguments {
  readonly flags: Readonly<Partial<Record<SettingKey, string>>>;
  readonly configFile: string | undefined;
  readonly printConfig: boolean;
}

/** Reads the arguments; `--help`, `--version` and mistakes throw a `CommanderError`. */
export const readArguments = (argv: readonly string[], version: string): ServerArguments => {
  const program = new Command('stemedb-api')
    .description('The server of StemeDB, a database of claims.')
    .version(`stemedb-api ${version}`, '--version', 'print the version')
    .option('--config <file>', 'configuration file (TOML)')
    .option('--print-config', 'print every setting, where it comes from, and every limit')
    .allowExcessArguments(false)
    .exitOverride();
  for (const { flag, value, meaning, fallback } of settings) {
    const shown = fallback === '' ? '' : ` (default: ${fallback})`;
    program.option(`${flag} <${value}>`, `${meaning}${shown}`);
  }
  program.parse([...argv], { from: 'user' });
  const options = program.opts<Record<string, string | boolean | undefined>>();
  const flags: Partial<Record<SettingKey, string>> = {};
  for (const { key } of settings) {
    const value = options[camelCase(key)];
    if (typeof value === 'string') flags[key] = value;
  }
  const file = options.config;
  return {
    flags,
    configFile: typeof file === 'string' ? file : undefined,
    printConfig: options.printConfig === true,
  };
};

const camelCase = (key: string): string =>
  key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
