/** `stemedb doctor`: is this machine fit to run a server here? */
import type { Register } from '../command.js';
import { escapeText } from '../escape.js';
import { examination } from '../examination.js';
import type { ExitName } from '../exit_codes.js';
import type { Session } from '../session.js';

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

const doctor = async (session: Session): Promise<ExitName> => {
  const { report } = session;
  const results = await examination(session);
  if (report.options.json) await report.json(results);
  else {
    const rows = results.map(({ name, status, detail, advice }) => [
      name,
      report.paint(colours[status], status),
      escapeText(detail),
      advice ?? '',
    ]);
    await report.table(['check', 'result', 'found', 'what to do'], rows);
  }
  return results.some(({ status }) => status === 'fail') ? 'failed' : 'ok';
};

export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description('check this machine: versions, directories, disk, clock, address')
    .action((_options: object, command) => run(command, doctor));
};
