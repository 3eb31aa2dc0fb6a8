/** `stemedb verdict`: say how a claim turned out. */
import { Argument } from 'commander';
import { given, type Register, recordId } from '../command.js';
import { authorship, type RealmOptions, withRealm, writeOne } from '../write.js';

interface VerdictOptions extends RealmOptions {
  readonly note?: string;
}

type Outcome = 'accurate' | 'inaccurate';

export const registerVerdict: Register = (program, run) => {
  withRealm(
    program
      .command('verdict')
      .description('say how a claim turned out; the trust in its author follows')
      .argument('<id>', 'id of the claim', recordId)
      .addArgument(new Argument('<outcome>').choices(['accurate', 'inaccurate']))
      .option('--note <text>', 'how it was found out'),
  ).action((target: string, outcome: Outcome, options: VerdictOptions, command) => {
    const { note } = options;
    const input = { target, outcome, ...given({ note }), ...authorship(options) };
    return run(command, (session) => writeOne(session, options, (client) => client.verdict(input)));
  });
};
