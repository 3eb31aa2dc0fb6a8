/** `stemedb config check`: the server's configuration, read as the server reads it. */
import type { Register } from '../command.js';
import { escapeText } from '../escape.js';
import { type Session, unwrap } from '../session.js';

interface CheckOptions {
  readonly config?: string;
}

const check = async (session: Session, { config }: CheckOptions): Promise<undefined> => {
  const { report, services } = session;
  const lines = unwrap(await services.readConfig(config));
  if (report.options.json) return void (await report.json(lines));
  const rows = lines.map(({ key, value, source }) => [key, escapeText(value), escapeText(source)]);
  await report.table(['setting', 'value', 'from'], rows);
  await report.note('The configuration is valid.');
};

export const registerConfig: Register = (program, run) => {
  program
    .command('config')
    .description('the configuration of the server')
    .command('check')
    .description('check it and show what is in force')
    .option('--config <file>', 'TOML file (default: /etc/stemedb/config.toml if there)')
    .action((options: CheckOptions, command) => run(command, (session) => check(session, options)));
};
