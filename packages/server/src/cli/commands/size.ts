/** `stemedb size`: what a workload needs of one node, reckoned from what this software measured. */
import { measured } from '../../ops/sizing/measured.js';
import { planFor } from '../../ops/sizing/plan.js';
import { recommend } from '../../ops/sizing/recommendation.js';
import type { Workload } from '../../ops/sizing/workload.js';
import { fraction, numberFrom, type Register, wholeNumber } from '../command.js';
import type { ExitName } from '../exit_codes.js';
import type { Session } from '../session.js';
import { showPlan } from '../show_plan.js';
import { inSnakeCase } from '../snake_case.js';

interface SizeOptions extends Omit<Workload, 'cacheBytes'> {
  readonly cacheMib: number;
  readonly explain?: boolean;
}

const mebibyte = 1024 * 1024;
const claimsMax = 1e12;
const rateMax = 1e7;
/** No record of less is valid, and none of more is accepted. */
const claimBytesMin = 200;
const claimBytesMax = 1024 * 1024;

const size = async (session: Session, options: SizeOptions): Promise<ExitName> => {
  const { report, services } = session;
  const { cacheMib, explain, ...rest } = options;
  const workload: Workload = { ...rest, cacheBytes: cacheMib * mebibyte };
  const plan = planFor(workload, measured, await services.memoryBytesMax(workload.cacheBytes));
  const recommendation = recommend(plan, workload, measured);
  const { date, command, machine, syncMs } = measured;
  const measurement = { date, command, machine, sync_ms: syncMs };
  if (report.options.json) {
    await report.json({ workload: inSnakeCase(workload), plan, recommendation, measurement });
  } else await showPlan(report, { plan, recommendation, measured, explain: explain === true });
  return recommendation.verdict === 'beyond' ? 'failed' : 'ok';
};

export const registerSize: Register = (program, run) => {
  program
    .command('size')
    .description('what a workload needs of one node: processor, memory, disk, network, recovery')
    .requiredOption(
      '--assertions <count>',
      'claims that the node will hold',
      wholeNumber(0, claimsMax),
    )
    .requiredOption('--queries-per-second <rate>', 'on average over a day', numberFrom(0, rateMax))
    .requiredOption('--ingest-per-second <rate>', 'new claims, on average', numberFrom(0, rateMax))
    .requiredOption('--retention-days <days>', 'how long backups are kept', numberFrom(0, 36_500))
    .option(
      '--claim-bytes <bytes>',
      'canonical bytes of a claim',
      wholeNumber(claimBytesMin, claimBytesMax),
      1_024,
    )
    .option('--signed-share <share>', 'claims with a signature', fraction, 1)
    .option('--stream-share <share>', 'claims that come as streams or arrays', fraction, 0)
    .option('--kept-share <share>', 'questions whose answer was kept', fraction, 0)
    .option(
      '--candidates <count>',
      'claims that compete in a question',
      wholeNumber(1, 100_000),
      20,
    )
    .option('--peak <factor>', 'the busiest hour beside the average', numberFrom(1, 1_000), 3)
    .option('--cache-mib <mebibytes>', 'STEMEDB_CACHE_SIZE', wholeNumber(0, 1_048_576), 64)
    .option('--hot-share <share>', 'claims that are asked about often', fraction, 0.25)
    .option(
      '--archive-seconds <seconds>',
      'between passes of the archive; 0: none',
      wholeNumber(0, 86_400),
      60,
    )
    .option('--full-every-days <days>', 'between two full backups', wholeNumber(1, 3_650), 1)
    .option('--incremental-hours <hours>', 'between incremental ones', numberFrom(0.1, 8_760), 1)
    .option('--link-mbit <rate>', 'what a copy comes back over', numberFrom(1, 1e6), 1_000)
    .option('--explain', 'with the arithmetic, and what was measured')
    .action((options: SizeOptions, command) => run(command, (session) => size(session, options)));
};
