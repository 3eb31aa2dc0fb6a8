/** `stemedb pilot-check`: does this server, on this machine, do what a pilot asks of it? */
import { isEmptyDirectory } from '../../ops/data_directory.js';
import type { Criterion, PilotResult } from '../../ops/pilot/criterion.js';
import { markdownOf, type PilotReport } from '../../ops/pilot/markdown.js';
import { numberFrom, type Register, wholeNumber } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { PilotCheck } from '../pilot/check.js';
import { type PilotOptions, refuseNonsense } from '../pilot/options.js';
import { CommandError } from '../report.js';
import type { Session } from '../session.js';

const verdictColours = { pass: 'green', fail: 'red', skipped: 'yellow' } as const;

const sentences: Readonly<Record<PilotResult, readonly ['green' | 'red' | 'yellow', string]>> = {
  pass: ['green', 'The pilot check passed.'],
  fail: ['red', 'The pilot check failed.'],
  incomplete: [
    'yellow',
    'Nothing failed, but not every criterion was looked at: see the skipped ones, or allow them ' +
      'with --allow-skipped.',
  ],
};

const showReport = async (session: Session, found: PilotReport): Promise<void> => {
  const { report } = session;
  if (report.options.json) return report.json(found);
  const row = ({ name, wanted, measured, verdict }: Criterion): readonly string[] => [
    name,
    wanted,
    escapeText(measured),
    report.paint(verdictColours[verdict], verdict),
  ];
  await report.table(['criterion', 'wanted', 'measured', 'verdict'], found.criteria.map(row));
  const [colour, sentence] = sentences[found.result];
  await report.line(report.paint(colour, sentence));
};

/** Two checks in one place would restore the copy of the other. */
const refuseUsedScratch = async ({ io }: Session, { scratch }: PilotOptions): Promise<void> => {
  if (scratch === undefined || (await isEmptyDirectory(io.disk, scratch))) return;
  const detail = `${scratch} is not empty; name an empty or a new directory with --scratch.`;
  throw new CommandError({ code: 'conflict', detail });
};

const pilotCheck = async (session: Session, options: PilotOptions): Promise<ExitName> => {
  refuseNonsense(options);
  await refuseUsedScratch(session, options);
  const check = await PilotCheck.prepare(session, options);
  const found = await check.run();
  await showReport(session, found);
  const { report: path } = options;
  if (path !== undefined) {
    await session.io.files.replace(path, markdownOf(found)).catch((cause: unknown) => {
      const detail = `The report ${path} cannot be written.`;
      throw new CommandError({ code: 'data_directory_unwritable', detail, cause });
    });
  }
  if (!check.isServerThere) return 'unavailable';
  return found.result === 'pass' ? 'ok' : 'failed';
};

const rateMax = 100_000;
const secondsMax = 7 * 86_400;
const msMax = 600_000;

export const registerPilotCheck: Register = (program, run) => {
  program
    .command('pilot-check')
    .description('hold a running server against the success criteria of a pilot')
    .option('--rate <count>', 'claims a second', numberFrom(0, rateMax), 100)
    .option('--batch <count>', 'claims of one request', wholeNumber(1, 1_000), 1)
    .option('--duration <seconds>', 'how long the rate must be held', numberFrom(1, secondsMax), 60)
    .option('--warm-up <seconds>', 'of load before, not counted', numberFrom(0, 3_600), 5)
    .option('--query-rate <count>', 'questions a second meanwhile', numberFrom(0, rateMax), 50)
    .option('--query-p99 <ms>', 'what their p99 may be', numberFrom(0, msMax), 100)
    .option('--write-p99 <ms>', 'what the p99 of a write may be', numberFrom(0, msMax), 1_000)
    .option('--claim-bytes <bytes>', 'canonical bytes of a claim', wholeNumber(300, 524_288), 1_024)
    .option('--connections <count>', 'for claims, and for questions', wholeNumber(1, 512), 16)
    .option('--key <file>', 'sign with this key file (default: $STEMEDB_KEY_FILE, else a new key)')
    .option('--pid <pid>', 'kill this process (SIGKILL): the server', wholeNumber(2, 2 ** 31))
    .option('--kill-command <line>', 'or kill the server by this line of shell')
    .option('--start-command <line>', 'start it again by this one (default: a supervisor does)')
    .option('--recovery-seconds <seconds>', 'it must be ready by then', numberFrom(0, 86_400), 30)
    .option('--scratch <dir>', 'back up to here and restore here; it must be empty')
    .option('--report <file>', 'write the report as Markdown')
    .option('--allow-skipped', 'pass although something was not looked at')
    .action((options: PilotOptions, command) =>
      run(command, (session) => pilotCheck(session, options)),
    );
};
