/** `stemedb tail`: the log of a node, record by record, and what comes as it comes. */
import type { FeedFilter, FeedOptions, FeedRecord } from '@stemedb/client';
import { type RecordKind, recordKinds } from '@stemedb/model';
import { Option } from 'commander';
import { given, type Register } from '../command.js';
import { describeRecord } from '../describe_record.js';
import { escapeText, escapeValue, shorten } from '../escape.js';
import { type Report, UsageError } from '../report.js';
import type { Session } from '../session.js';

interface TailOptions {
  readonly since?: string;
  readonly fromStart?: boolean;
  readonly follow?: boolean;
  readonly kind?: RecordKind;
  readonly prefix?: string;
}

/** A line is cut after so many characters; `--json` has all of it. */
const lineWidth = 240;

/** A server may take some minutes to come back; who watches ends it when that is too long. */
const patience = { attemptsMax: 80 };

const isKnown = (kind: string): boolean => recordKinds.some((known) => known === kind);

/** Everything that an author wrote is escaped. */
const showRecord = async (report: Report, told: FeedRecord): Promise<void> => {
  const { id, record, recorded_at: recordedAt } = told;
  if (report.options.quiet) return report.line(id);
  // A kind that a later version knows is shown as it stands.
  const says = isKnown(record.kind) ? describeRecord(record) : escapeValue(record);
  const head = `${recordedAt} ${report.paint('dim', id)}`;
  return report.line(`${head} ${escapeText(String(record.kind))}: ${shorten(says, lineWidth)}`);
};

const beginning = ({ since, fromStart, follow }: TailOptions): Pick<FeedOptions, 'since'> => {
  if (since !== undefined && fromStart === true) {
    throw new UsageError('--since and --from-start name two beginnings; give one.');
  }
  if (since !== undefined) return { since };
  if (fromStart === true) return {};
  if (follow === true) return { since: 'now' };
  throw new UsageError(
    'Say where to begin: --from-start, --since CURSOR, or --follow for what comes from now on.',
  );
};

const tail = async (session: Session, options: TailOptions): Promise<undefined> => {
  const { report } = session;
  const { kind, prefix, follow = false } = options;
  const begin = beginning(options);
  const filter: FeedFilter = given({ kind, prefix });
  const client = session.client();
  if (follow) {
    // Who is not there at all is told of at once.
    await client.health();
    const patient = session.client(undefined, { retry: patience });
    return show(report, patient.feed({ ...begin, ...filter }));
  }
  let { since } = begin;
  for (let more = true; more; ) {
    const page = await client.feedPage({ ...filter, ...given({ since }), limit: 1000 });
    await show(report, page.records);
    since = page.next_cursor;
    more = page.more;
  }
  await report.note(`to go on from here: --since ${since}`);
};

const show = async (
  report: Report,
  records: AsyncIterable<FeedRecord> | Iterable<FeedRecord>,
): Promise<undefined> => {
  for await (const told of records) {
    if (report.options.json) await report.json(told);
    else await showRecord(report, told);
  }
};

export const registerTail: Register = (program, run) => {
  program
    .command('tail')
    .description('show the log of the node in its order, record by record')
    .option('--since <cursor>', 'what follows this cursor, from --json or the last tail')
    .option('--from-start', 'from the first record on')
    .option('-f, --follow', 'go on as records come, from now on if nothing else is said')
    .addOption(new Option('--kind <kind>', 'only records of this kind').choices(recordKinds))
    .option('--prefix <path>', 'only about this concept and those below it')
    .action((options: TailOptions, command) => run(command, (session) => tail(session, options)));
};
