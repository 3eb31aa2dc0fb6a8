/**
 * `stemedb import`: records from JSON lines to a server. Lines that are refused are reported as
 * `FILE:LINE: code: detail` and the others are kept. How far it came stands in a small file beside
 * the input, so that the same command goes on there; sending lines twice is harmless in any case.
 */
import type { BulkAnswer } from '@stemedb/client';
import { fail, type JsonObject, type StemeError } from '@stemedb/model';
import { readContentLine } from '../../ops/export_line.js';
import { textLines } from '../../ops/text_lines.js';
import { type Register, wholeNumber } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { type ImportState, ImportStateFile } from '../import_state.js';
import { LineMap } from '../line_map.js';
import { type Progress, startProgress } from '../progress.js';
import { CommandError } from '../report.js';
import type { Session } from '../session.js';

interface ImportOptions {
  readonly fromLine?: number;
  readonly resume: boolean;
}

const tooLong: StemeError = {
  code: 'body_too_large',
  detail: 'The line is longer than any record.',
};

/** One import: what it has read, sent and been told. */
class Import {
  readonly #session: Session;
  readonly #file: string;
  readonly #state: ImportStateFile;
  readonly #firstLine: number;
  readonly #progress: Progress;
  readonly #lineMap = new LineMap();
  #writing: Promise<void> = Promise.resolve();
  /** Refused lines up to the one that the state names, those of earlier runs included. */
  #decidedRefused: number;
  /** Lines that were refused here and are read ahead of what the server has decided. */
  #refusedAhead: number[] = [];
  refused: number;
  policies = 0;

  constructor(
    session: Session,
    file: string,
    state: ImportStateFile,
    from: ImportState,
    progress: Progress,
  ) {
    this.#session = session;
    this.#file = file;
    this.#state = state;
    this.#firstLine = from.line + 1;
    this.#decidedRefused = from.refused;
    this.refused = from.refused;
    this.#progress = progress;
  }

  async run(): Promise<BulkAnswer> {
    try {
      return await this.#session.client().sendRecords(this.#records(), {
        onRefused: ({ line, code, detail }) => {
          this.#decidedRefused += 1;
          this.#refuse(this.#lineMap.lineOf(line), code, detail);
        },
        onProgress: (sent) => this.#keepState(sent),
      });
    } finally {
      await this.#writing;
    }
  }

  async *#records(): AsyncGenerator<JsonObject> {
    for await (const line of textLines(this.#session.io.files.readChunks(this.#file))) {
      if (line.number < this.#firstLine) continue;
      this.#progress.update(line.end, `line ${line.number}`);
      const read = line.bytes === undefined ? fail(tooLong) : readContentLine(line.bytes);
      if (!read.ok) {
        this.#refusedAhead.push(line.number);
        this.#refuse(line.number, read.error.code, read.error.detail);
        continue;
      }
      const { content, isExported } = read.value;
      // The policy of an export is that of the server it came from; this one has its own.
      if (isExported && content.kind === 'policy') {
        this.policies += 1;
        continue;
      }
      this.#lineMap.add(line.number);
      yield content;
    }
  }

  #refuse(line: number, code: string, detail: string): void {
    this.refused += 1;
    void this.#session.io.stderr.write(
      `${escapeText(this.#file)}:${line}: ${code}: ${escapeText(detail)}\n`,
    );
  }

  /** One write of the state file after the other; the newest state wins. */
  #keepState(sent: number): void {
    const line = this.#lineMap.lineOf(sent);
    const ahead = this.#refusedAhead.filter((number) => number > line);
    this.#decidedRefused += this.#refusedAhead.length - ahead.length;
    this.#refusedAhead = ahead;
    const state = { line, refused: this.#decidedRefused };
    this.#writing = this.#writing.then(() => this.#state.write(state));
  }
}

const showResult = async (
  session: Session,
  answer: BulkAnswer,
  { refused, policies }: Import,
  from: number,
): Promise<ExitName> => {
  const { report } = session;
  const { created, duplicate, kept, position } = answer;
  const counts = { created, duplicate, kept, refused, policies, position: position ?? null };
  if (report.options.json) {
    await report.json({ ...counts, from_line: from });
  } else {
    const unsure = kept > 0 ? `, ${kept} kept over a broken connection` : '';
    await report.line(
      `${created} created, ${duplicate} already there${unsure}, ${refused} refused`,
    );
  }
  if (policies > 0) {
    await report.note(`${policies} policy records left out: a server has a policy of its own.`);
  }
  return refused > 0 ? 'data' : 'ok';
};

const importFile = async (
  session: Session,
  file: string,
  options: ImportOptions,
): Promise<ExitName> => {
  const { io, report } = session;
  const size = await io.files.sizeOf(file).catch((cause: unknown) => {
    const detail = `${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`;
    throw new CommandError({ code: 'not_found', detail, cause });
  });
  const state = new ImportStateFile(io, file, session.url, size);
  const kept = options.resume ? await state.read() : undefined;
  const asked = options.fromLine === undefined ? undefined : options.fromLine - 1;
  const from =
    asked === undefined ? (kept ?? { line: 0, refused: 0 }) : { line: asked, refused: 0 };
  if (asked === undefined && from.line > 0) {
    await report.note(`Going on after line ${from.line}, where the last import stopped.`);
  }
  const total = size ?? 0;
  const progress = startProgress(io, report.options, { title: 'import', total });
  const work = new Import(session, file, state, from, progress);
  try {
    const answer = await work.run();
    progress.stop();
    await state.remove();
    return await showResult(session, answer, work, from.line + 1);
  } catch (error) {
    progress.stop();
    if (size !== undefined) await report.note('The same command goes on where this one stopped.');
    throw error;
  }
};

export const registerImport: Register = (program, run) => {
  program
    .command('import')
    .description('send records from JSON lines: an export, or bare content')
    .argument('<file>', 'file of JSON lines, or - for standard input')
    .option('--from-line <number>', 'begin at this line', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--no-resume', 'begin at the first line, whatever an earlier import left')
    .action((file: string, options: ImportOptions, command) =>
      run(command, (session) => importFile(session, file, options)),
    );
};
