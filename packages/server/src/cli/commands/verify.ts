/** `stemedb verify`: the log against itself, then the store against the log. Changes nothing. */
import { tryLockDirectory } from '../../log/directory.js';
import { type VerifyReport, verifyDatabase } from '../../ops/verify.js';
import type { Register } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { startProgress } from '../progress.js';
import { CommandError } from '../report.js';
import type { Session } from '../session.js';

const showReport = async (session: Session, result: VerifyReport): Promise<void> => {
  const { report } = session;
  const { log, store } = result;
  await report.line(
    `log: ${log.segments} segments, ${log.bytes} bytes, ${log.records} records, ` +
      `${log.attestations} signatures`,
  );
  if (typeof store === 'string') await report.line(`store: not checked, ${store}`);
  else await report.line(`store: ${store.entries} entries held against ${store.records} records`);
  if (result.findings === 0) await report.line(report.paint('green', 'No damage found.'));
  else await report.line(report.paint('red', `${result.findings} findings.`));
};

/** Damage before anything else: a torn tail beside it is the lesser news. */
const exitOf = ({ worst }: VerifyReport): ExitName => {
  if (worst === undefined) return 'ok';
  if (worst === 'too_new') return 'format';
  return worst === 'torn_tail' ? 'failed' : 'data';
};

const verify = async (session: Session): Promise<ExitName> => {
  const { io, report, services, directories } = session;
  const { walDir } = directories;
  if (!(await io.disk.exists(walDir))) {
    throw new CommandError({ code: 'not_found', detail: `There is no log in ${walDir}.` });
  }
  const lock = await tryLockDirectory(io.disk, walDir);
  const findings: object[] = [];
  const progress = startProgress(io, report.options, { title: 'verify', total: 0 });
  try {
    const result = await verifyDatabase({
      disk: io.disk,
      ...directories,
      isLocked: lock === undefined,
      engine: services.engine,
      onFinding: (finding) => {
        if (report.options.json) findings.push(finding);
        else
          void report.line(`${finding.where}: ${finding.severity}: ${escapeText(finding.detail)}`);
      },
      onProgress: (done, place) => progress.update(done, place),
    });
    progress.stop();
    if (report.options.json) await report.json({ ...result, list: findings });
    else await showReport(session, result);
    return exitOf(result);
  } finally {
    progress.stop();
    await lock?.release();
  }
};

export const registerVerify: Register = (program, run) => {
  program
    .command('verify')
    .description('check every byte of the log, and the store against it')
    .action((_options: object, command) => run(command, verify));
};
