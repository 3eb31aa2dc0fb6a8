/** `stemedb vote`: agree or disagree with a claim. */
import { given, type Register, recordId, weight } from '../command.js';
import { authorship, type RealmOptions, withRealm, writeOne } from '../write.js';

interface VoteOptions extends RealmOptions {
  readonly note?: string;
}

export const registerVote: Register = (program, run) => {
  withRealm(
    program
      .command('vote')
      .description('vote on a claim; the last vote counts')
      .argument('<id>', 'id of the claim', recordId)
      .argument('<weight>', 'from -1 (against) to 1 (for); 0 withdraws', weight)
      .option('--note <text>', 'why'),
  ).action((target: string, cast: number, options: VoteOptions, command) => {
    const { note } = options;
    const input = { target, weight: cast, ...given({ note }), ...authorship(options) };
    return run(command, (session) => writeOne(session, options, (client) => client.vote(input)));
  });
};
