/** What a pilot check is told on the command line. */
import { UsageError } from '../report.js';

export interface PilotOptions {
  readonly rate: number;
  readonly batch: number;
  readonly duration: number;
  readonly warmUp: number;
  readonly queryRate: number;
  readonly queryP99: number;
  readonly writeP99: number;
  readonly claimBytes: number;
  readonly connections: number;
  readonly key?: string;
  readonly pid?: number;
  readonly killCommand?: string;
  readonly startCommand?: string;
  readonly recoverySeconds: number;
  readonly scratch?: string;
  readonly report?: string;
  readonly allowSkipped?: boolean;
}

/** Each is looked for by its id afterwards, three times; the ledger has a bit for it. */
const claimsMax = 200_000_000;

/** What contradicts itself; before anything is written. */
export const refuseNonsense = (options: PilotOptions): void => {
  const { pid, killCommand, startCommand, rate, queryRate, batch } = options;
  if (pid !== undefined && killCommand !== undefined) {
    throw new UsageError('--pid and --kill-command both kill the server: name one.');
  }
  if (startCommand !== undefined && pid === undefined && killCommand === undefined) {
    throw new UsageError('--start-command needs --pid or --kill-command.');
  }
  if (rate + queryRate === 0) throw new UsageError('--rate and --query-rate are both 0.');
  if (rate === 0) throw new UsageError('--rate must be above 0: a check writes claims.');
  const claims = rate * (options.duration + options.warmUp);
  if (claims > claimsMax) {
    throw new UsageError(`More than ${claimsMax} claims: lower --rate or --duration.`);
  }
  if (batch > 1 && batch > rate) {
    throw new UsageError('--batch is more than --rate sends in a second.');
  }
};
