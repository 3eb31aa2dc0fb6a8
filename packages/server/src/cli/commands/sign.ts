/** `stemedb sign`: put one's own signature under somebody else's claim. */
import { type Register, recordId } from '../command.js';
import { UsageError } from '../report.js';
import type { Session } from '../session.js';
import { showWritten } from '../write.js';

interface SignOptions {
  readonly key?: string;
}

const sign = async (session: Session, id: string, { key }: SignOptions): Promise<undefined> => {
  const signer = await session.signer(key);
  if (signer === undefined) {
    throw new UsageError('To sign, name a key file with --key or $STEMEDB_KEY_FILE.');
  }
  await showWritten(session.report, await session.client(signer).sign(id));
};

export const registerSign: Register = (program, run) => {
  program
    .command('sign')
    .description('sign a claim that somebody else made')
    .argument('<id>', 'id of the claim', recordId)
    .option('--key <file>', 'sign with this key file (default: $STEMEDB_KEY_FILE)')
    .action((id: string, options: SignOptions, command) =>
      run(command, (session) => sign(session, id, options)),
    );
};
