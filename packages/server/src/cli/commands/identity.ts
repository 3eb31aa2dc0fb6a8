/** `stemedb identity`: who the node of a data directory is, and how a copied one gets its own. */
import { formatVkey, keyPairFromSeed, noteKeyOf, originOf } from '@stemedb/model';
import { type Identity, readIdentity } from '../../log/identity.js';
import { noLog } from '../../ops/no_log.js';
import { renewIdentity } from '../../ops/renew_identity.js';
import { counted } from '../cells.js';
import type { Register } from '../command.js';
import { lockDirectories } from '../locked_directories.js';
import { CommandError } from '../report.js';
import { type Session, unwrap } from '../session.js';

interface RenewOptions {
  readonly newKey?: boolean;
  readonly dryRun?: boolean;
}

/** What may be shown of an identity: everything but the secret. */
const publicPart = ({ databaseId, logId, nodeId, nodeKeySeed }: Identity) => {
  const { agentId } = keyPairFromSeed(nodeKeySeed);
  const vkey = formatVkey(noteKeyOf(originOf(databaseId, logId), agentId));
  return { database_id: databaseId, log_id: logId, node_id: nodeId, agent_id: agentId, vkey };
};

const showIdentity = async ({ report }: Session, identity: Identity): Promise<void> => {
  const shown = publicPart(identity);
  if (report.options.json) return report.json(shown);
  const rows = Object.entries(shown).map(([name, value]) => [name.replaceAll('_', ' '), value]);
  for (const [name = '', value = ''] of rows) await report.line(`${name.padEnd(12)} ${value}`);
};

const identityIn = async ({ io, directories }: Session): Promise<Identity> => {
  const found = unwrap(await readIdentity(io.disk, directories.walDir));
  if (found !== undefined) return found;
  throw new CommandError(noLog(directories.walDir, 'identity'));
};

const show = async (session: Session): Promise<undefined> => {
  await showIdentity(session, await identityIn(session));
};

const renew = async (session: Session, options: RenewOptions): Promise<undefined> => {
  const { io, report, directories } = session;
  const newKey = options.newKey ?? false;
  const old = publicPart(await identityIn(session));
  const locks = await lockDirectories(io.disk, directories);
  try {
    if (options.dryRun === true) {
      const key = newKey ? 'key, node id and log id' : 'node id and log id';
      const renewed = newKey ? ['agent_id', 'node_id', 'log_id'] : ['node_id', 'log_id'];
      if (report.options.json) {
        await report.json({ ...old, would_renew: renewed });
        return;
      }
      await report.line(`Would give ${directories.walDir} a new ${key}; it is ${old.log_id} now.`);
      return;
    }
    const input = { disk: io.disk, random: io.random, ...directories, newKey };
    const { identity, segments, isResumed } = unwrap(await renewIdentity(input));
    await showIdentity(session, identity);
    if (isResumed) await report.note('A renewal that had been cut off was brought to its end.');
    await report.note(
      `The log ${old.log_id} is ${identity.logId} now, in ${counted(segments, 'segment')}. ` +
        'Positions and checkpoints of the log before do not hold for this one.',
    );
  } finally {
    await locks.release();
  }
};

export const registerIdentity: Register = (program, run) => {
  const identity = program.command('identity').description('who the node of a directory is');
  identity
    .command('show')
    .description('database, log, node, and the public key; never the secret')
    .action((_options: object, command) => run(command, show));
  identity
    .command('renew')
    .description('make a copied directory a node and a log of its own')
    .option('--new-key', 'a new node key too, as when the old one is known to others')
    .option('--dry-run', 'say what would be done')
    .action((options: RenewOptions, command) => run(command, (session) => renew(session, options)));
};
