/** `stemedb alias`: two concept paths for one thing. */
import { given, type Register } from '../command.js';
import { authorship, type RealmOptions, withRealm, writeOne } from '../write.js';

interface AliasOptions extends RealmOptions {
  readonly reason?: string;
}

export const registerAlias: Register = (program, run) => {
  withRealm(
    program
      .command('alias')
      .description('say that two concept paths mean the same thing')
      .argument('<a>', 'concept path')
      .argument('<b>', 'the other one; their order does not matter')
      .option('--reason <text>', 'how one knows'),
  ).action((a: string, b: string, options: AliasOptions, command) => {
    const { reason } = options;
    const input = { a, b, ...given({ reason }), ...authorship(options) };
    return run(command, (session) => writeOne(session, options, (client) => client.alias(input)));
  });
};
