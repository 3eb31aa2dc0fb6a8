/** `stemedb trace`: where a record comes from and what came of it, as a tree. */
import { Option } from 'commander';
import { given, type Register, recordId, wholeNumber } from '../command.js';
import { type MomentOptions, momentOf, withMoment } from '../reading.js';
import { UsageError } from '../report.js';
import type { Session } from '../session.js';
import { showTrace } from '../show_trace.js';

interface TraceOptions extends MomentOptions {
  readonly depth?: number;
  readonly limit?: number;
  readonly format?: 'tree' | 'json' | 'prov-json';
}

/** The server's bounds. */
const depthMax = 64;
const nodesMax = 1000;

const trace = async (session: Session, id: string, options: TraceOptions): Promise<undefined> => {
  const { report } = session;
  const { depth, limit, format } = options;
  if (report.options.json && format === 'tree') {
    throw new UsageError('--json and --format tree say two things; give one.');
  }
  const asked = { ...momentOf(options), ...given({ depth, limit }) };
  const client = session.client();
  if (format === 'prov-json') {
    await report.json(await client.provenance(id, asked));
    return;
  }
  const answer = await client.trace(id, asked);
  if (report.options.json || format === 'json') await report.json(answer);
  else await showTrace(report, answer);
};

export const registerTrace: Register = (program, run) => {
  withMoment(
    program
      .command('trace')
      .description('show what a record rests on, what rests on it, and what takes it out')
      .argument('<id>', 'id of the record', recordId)
      .option('--depth <number>', `steps up and down (default: 16)`, wholeNumber(1, depthMax))
      .option('--limit <number>', 'records in all (default: 200)', wholeNumber(1, nodesMax))
      .addOption(
        new Option('--format <format>', 'a tree unless said, or W3C PROV-JSON').choices([
          'tree',
          'json',
          'prov-json',
        ]),
      ),
  ).action((id: string, options: TraceOptions, command) =>
    run(command, (session) => trace(session, id, options)),
  );
};
