/** `stemedb show`: one record of any kind, and what became of it. */
import type {
  AssertionDetail,
  ListedKind,
  ListedRecord,
  StatedRecord,
  StemeClient,
} from '@stemedb/client';
import { type Register, recordId } from '../command.js';
import { type MomentOptions, momentOf, withMoment } from '../reading.js';
import { CommandError } from '../report.js';
import type { Session } from '../session.js';
import { showDetail, showRecord } from '../show_record.js';

interface ShowOptions extends MomentOptions {
  readonly proof?: boolean;
}

const isListed = (kind: string): kind is ListedKind =>
  kind !== 'assertion' && kind !== 'attestation';

/** As much as the server tells: a list's view of a record knows more than the record alone. */
const find = async (
  client: StemeClient,
  id: string,
  options: ShowOptions,
): Promise<AssertionDetail | ListedRecord | StatedRecord | undefined> => {
  const moment = momentOf(options);
  const stated = await client.record(id, moment);
  const kind = stated?.record.kind;
  if (kind === 'assertion') return client.detail(id, { ...moment, proof: options.proof ?? false });
  if (kind !== undefined && isListed(kind)) return client.read(kind, id, moment);
  return stated;
};

const show = async (session: Session, id: string, options: ShowOptions): Promise<undefined> => {
  const { report } = session;
  const found = await find(session.client(), id, options);
  if (found === undefined) {
    const when = options.asOf === undefined ? '' : ' at that moment';
    const detail = `There is no record ${id}${when}.`;
    throw new CommandError({ code: 'not_found', detail });
  }
  if (report.options.json) await report.json(found);
  else if ('votes' in found) await showDetail(report, found);
  else await showRecord(report, found);
};

export const registerShow: Register = (program, run) => {
  withMoment(
    program
      .command('show')
      .description('show one record of any kind, and what others have said of it')
      .argument('<id>', 'id of the record', recordId)
      .option('--proof', 'with the proof that the claim is in the log'),
  ).action((id: string, options: ShowOptions, command) =>
    run(command, (session) => show(session, id, options)),
  );
};
