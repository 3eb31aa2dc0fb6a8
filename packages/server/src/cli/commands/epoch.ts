/** `stemedb epoch`: name a paradigm that claims may belong to. */
import { collectIds, given, type Register } from '../command.js';
import { authorship, type RealmOptions, withRealm, writeOne } from '../write.js';

interface EpochOptions extends RealmOptions {
  readonly supersedes?: readonly string[];
  readonly description?: string;
}

export const registerEpoch: Register = (program, run) => {
  withRealm(
    program
      .command('epoch')
      .description('open an epoch, which may put others out of force')
      .argument('<name>', 'such as "guideline of 2026"')
      .option('--supersedes <id>', 'an epoch whose claims no longer count (may repeat)', collectIds)
      .option('--description <text>', 'what it stands for'),
  ).action((name: string, options: EpochOptions, command) => {
    const { supersedes, description } = options;
    const input = { name, ...given({ supersedes, description }), ...authorship(options) };
    return run(command, (session) => writeOne(session, options, (client) => client.epoch(input)));
  });
};
