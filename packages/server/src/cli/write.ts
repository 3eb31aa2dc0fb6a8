/** What every command that states one record has in common: its options and its outcome. */
import type { StemeClient, WriteAnswer } from '@stemedb/client';
import type { Command } from 'commander';
import { given } from './command.js';
import { describeRecord } from './describe_record.js';
import { escapeText } from './escape.js';
import type { Report } from './report.js';
import type { Session } from './session.js';

/** Who states a record, and when. */
export interface AuthorOptions {
  readonly assertedAt?: string;
  readonly key?: string;
}

/** Of the kinds that count in one realm only. */
export interface RealmOptions extends AuthorOptions {
  readonly realm?: string;
}

export const withAuthor = (command: Command): Command =>
  command
    .option('--asserted-at <time>', 'RFC 3339 or milliseconds; now when left out')
    .option('--key <file>', 'sign with this key file (default: $STEMEDB_KEY_FILE, else unsigned)');

export const withRealm = (command: Command): Command =>
  withAuthor(command).option('--realm <name>', 'the realm of the server, when it has one');

/** Milliseconds come as digits on a command line. */
const timeOf = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

/** The fields that the options of authorship state. */
export const authorship = ({
  assertedAt,
  realm,
}: RealmOptions): { readonly asserted_at?: string | number; readonly realm?: string } =>
  given({ asserted_at: assertedAt === undefined ? undefined : timeOf(assertedAt), realm });

/** What became of a write. With `--quiet` only the id, for a script to go on with. */
export const showWritten = async (report: Report, answer: WriteAnswer): Promise<void> => {
  for (const { code, detail } of answer.warnings ?? []) {
    await report.warn(`${code}: ${escapeText(detail)}`);
  }
  if (report.options.json) return report.json(answer);
  if (report.options.quiet) return report.line(answer.id);
  await report.line(`${answer.status} ${answer.id}`);
  await report.line(`  ${describeRecord(answer.record)}`);
  await report.line(`  recorded at ${answer.recorded_at}, position ${answer.position}`);
};

/** Writes one record as the author that the options name, and shows what became of it. */
export const writeOne = async (
  session: Session,
  options: AuthorOptions,
  write: (client: StemeClient) => Promise<WriteAnswer>,
): Promise<undefined> => {
  const client = session.client(await session.signer(options.key));
  await showWritten(session.report, await write(client));
};
