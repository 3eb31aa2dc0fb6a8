/** Output: results on standard output, everything else on standard error; tables for people. */
import { StemeClientError } from '@stemedb/client';
import type { Fault, StemeError } from '@stemedb/model';
import Table from 'cli-table3';
import type { CliIo } from './cli_io.js';
import { escapeText } from './escape.js';

export interface ReportOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly colour: boolean;
}

/** A row of a table: cells that are already escaped. */
export type Row = readonly string[];

const codes = { red: '31', green: '32', yellow: '33', dim: '2', bold: '1' } as const;

export type Colour = keyof typeof codes;

export class Report {
  readonly #io: CliIo;
  readonly options: ReportOptions;

  constructor(io: CliIo, options: ReportOptions) {
    this.#io = io;
    this.options = options;
  }

  /** The result as one JSON document on one line. */
  json(value: unknown): Promise<void> {
    return this.#io.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A line of the result. */
  line(text: string): Promise<void> {
    return this.#io.stdout.write(`${text}\n`);
  }

  /** A remark beside the result; not said when `--quiet`. */
  async note(text: string): Promise<void> {
    if (!this.options.quiet) await this.#io.stderr.write(`${text}\n`);
  }

  /** Something that the user should look at; always said. */
  warn(text: string): Promise<void> {
    return this.#io.stderr.write(`${this.paint('yellow', 'warning')}: ${text}\n`);
  }

  /** One sentence, and what to do. */
  error(text: string): Promise<void> {
    return this.#io.stderr.write(`${this.paint('red', 'error')}: ${text}\n`);
  }

  table(head: Row, rows: readonly Row[]): Promise<void> {
    const style = this.options.colour
      ? { head: ['bold'], border: ['dim'] }
      : { head: [], border: [] };
    const table = new Table({ head: [...head], style });
    for (const row of rows) table.push([...row]);
    return this.line(table.toString());
  }

  paint(colour: Colour, text: string): string {
    return this.options.colour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
  }
}

/** An expected error that ends a command. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly error: StemeError;

  constructor(error: StemeError) {
    super(error.detail, { cause: error.cause });
    this.error = error;
  }
}

/** A command line that commander accepts and that makes no sense all the same. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const advice: { readonly [code: string]: string } = {
  connection_failed: 'Start it with `npm start`, or name another one with --url.',
  data_directory_unwritable: 'Give this user access to it, or name another directory.',
  format_too_new: 'Use the version that wrote it, or a newer one.',
  database_mismatch: 'Check --wal-dir and --db-dir; the store may be deleted and rebuilt.',
  log_corrupt: 'Run `stemedb repair`: it says what is left of the log, and the ways on.',
  store_corrupt: 'Run `stemedb rebuild`.',
  log_altered: 'Keep the checkpoint, the files and this output; see docs/merkle-log.md.',
  disk_full: 'Make room and run it again.',
  log_failed: 'Restart the server and look at its log.',
};

const faultLine = (fault: Fault): string =>
  `  ${escapeText(fault.pointer === '' ? '(whole)' : fault.pointer)}: ${fault.code}: ` +
  escapeText(fault.detail);

/** `code: detail`, the advice for that code, and a line for each fault that says more. */
export const describeError = (error: StemeClientError | StemeError): string => {
  const faults = error.faults ?? [];
  const others = faults.filter(({ detail }) => detail !== error.detail);
  // A fault that repeats the sentence adds its place alone.
  const [same] = faults.filter(({ detail }) => detail === error.detail);
  const place =
    same === undefined || same.pointer === '' ? '' : ` (at ${escapeText(same.pointer)})`;
  const hint = advice[error.code];
  const advised = hint === undefined ? '' : ` ${hint}`;
  const first = `${error.code}: ${escapeText(error.detail)}${place}${advised}`;
  return [first, ...others.map(faultLine)].join('\n');
};

export const isClientError = (error: unknown): error is StemeClientError =>
  error instanceof StemeClientError;
