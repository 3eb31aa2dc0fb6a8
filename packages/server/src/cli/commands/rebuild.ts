/** `stemedb rebuild`: deletes the store, which is only a view of the log, and makes it anew. */
import { directoryLocked, tryLockDirectory } from '../../log/directory.js';
import { treeFileName } from '../../log/merkle/tree_file.js';
import { openReadOnlyLog } from '../../ops/read_only_log.js';
import type { Register } from '../command.js';
import { startProgress } from '../progress.js';
import { CommandError } from '../report.js';
import { type Session, unwrap } from '../session.js';

interface RebuildOptions {
  readonly dryRun?: boolean;
}

const rebuild = async (session: Session, { dryRun }: RebuildOptions): Promise<undefined> => {
  const { io, report, services, directories } = session;
  const { walDir, dbDir } = directories;
  // Looked at first: a store is not deleted before it is sure that there is a log to read.
  unwrap(await openReadOnlyLog(io.disk, walDir));
  const lock = await tryLockDirectory(io.disk, walDir);
  if (lock === undefined) throw new CommandError(directoryLocked(walDir));
  if (dryRun === true) {
    await lock.release();
    const would = `Would delete the store in ${dbDir} and rebuild it from ${walDir}.`;
    if (report.options.json) await report.json({ wal_dir: walDir, db_dir: dbDir, done: null });
    else await report.line(would);
    return;
  }
  await services.engine.remove(dbDir);
  const treeFile = `${dbDir}/${treeFileName}`;
  if (await io.disk.exists(treeFile)) await io.disk.remove(treeFile);
  await lock.release();
  const progress = startProgress(io, report.options, { title: 'rebuild', total: 0 });
  try {
    const opened = await services.openDatabase(directories, (done) =>
      progress.update(done.appliedSequence, `${done.appliedSequence} of ${done.lastSequence}`),
    );
    const database = unwrap(opened);
    const records = database.store.appliedSequence;
    await database.close();
    progress.stop();
    if (report.options.json) await report.json({ records });
    else await report.line(`The store was rebuilt from ${records} records.`);
  } finally {
    progress.stop();
  }
};

export const registerRebuild: Register = (program, run) => {
  program
    .command('rebuild')
    .description('delete the store and make it anew from the log')
    .option('--dry-run', 'say what would be done')
    .action((options: RebuildOptions, command) =>
      run(command, (session) => rebuild(session, options)),
    );
};
