/** One run of a command: the options that all commands share, and what is made from them. */
import { parseKeyFile, type RetryPolicy, type Signer, StemeClient } from '@stemedb/client';
import { nodeCryptoSigner } from '@stemedb/client/node';
import type { Outcome } from '@stemedb/model';
import { LogCorruptError } from '../log/failure.js';
import type { CliIo } from './cli_io.js';
import { CommandError, Report } from './report.js';
import type { CliServices, Directories } from './services.js';

/** Options of the program itself, as commander hands them over. */
export interface GlobalOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly data?: string;
  readonly walDir?: string;
  readonly dbDir?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

const defaultUrl = 'http://127.0.0.1:18180';

/** The value, or the error as the end of the command. */
export const unwrap = <T>(outcome: Outcome<T>): T => {
  if (outcome.ok) return outcome.value;
  throw new CommandError(outcome.error);
};

/** A configuration error with this sentence. */
const misconfigured = (detail: string, cause?: unknown): CommandError =>
  new CommandError({ code: 'invalid_configuration', detail, cause });

/** Runs something that iterates over a log; damage ends the command with its sentence. */
export const logErrors = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LogCorruptError) throw new CommandError(error.error);
    throw error;
  }
};

export class Session {
  readonly io: CliIo;
  readonly options: GlobalOptions;
  readonly report: Report;
  /** Of this program. */
  readonly version: string;

  constructor(io: CliIo, options: GlobalOptions, version: string) {
    this.version = version;
    this.io = io;
    this.options = options;
    const plain = options.color === false || (io.env.NO_COLOR ?? '') !== '';
    this.report = new Report(io, {
      json: options.json ?? false,
      quiet: options.quiet ?? false,
      colour: !plain && io.stdout.isTerminal,
    });
  }

  get services(): CliServices {
    return this.io.services;
  }

  get url(): string {
    return this.options.url ?? this.io.env.STEMEDB_URL ?? defaultUrl;
  }

  /** Flags over environment over `./data`. */
  get directories(): Directories {
    const { data, walDir, dbDir } = this.options;
    const { env } = this.io;
    return {
      walDir: walDir ?? (data && `${data}/wal`) ?? env.STEMEDB_WAL_DIR ?? './data/wal',
      dbDir: dbDir ?? (data && `${data}/db`) ?? env.STEMEDB_DB_DIR ?? './data/db',
    };
  }

  /** A client of the server that the options name, or of another; `retry` for who must see each
   * failure. */
  client(
    signer?: Signer,
    {
      url = this.url,
      retry = {},
    }: { readonly url?: string; readonly retry?: Partial<RetryPolicy> } = {},
  ): StemeClient {
    const { io, options } = this;
    const apiKey = options.apiKey ?? io.env.STEMEDB_API_KEY;
    const clock = {
      wallMs: () => io.clock.wallMs(),
      sleep: (delayMs: number, signal?: AbortSignal) => io.sleep(delayMs, signal),
      random: () => new DataView(io.random.bytes(4).slice().buffer).getUint32(0) / 2 ** 32,
    };
    try {
      return new StemeClient({
        url,
        fetch: io.fetch,
        clock,
        retry,
        ...(apiKey !== undefined && { apiKey }),
        ...(signer !== undefined && { signer }),
      });
    } catch (cause) {
      throw misconfigured(`--url must be like ${defaultUrl}, not ${url}.`, cause);
    }
  }

  /** The signer of `--key` or `STEMEDB_KEY_FILE`; undefined when neither names one. */
  async signer(keyFile: string | undefined): Promise<Signer | undefined> {
    const path = keyFile ?? this.io.env.STEMEDB_KEY_FILE;
    if (path === undefined) return undefined;
    const text = await this.io.files.readText(path).catch((cause: unknown) => {
      throw misconfigured(`The key file ${path} cannot be read.`, cause);
    });
    return nodeCryptoSigner(unwrap(parseKeyFile(text)).seed);
  }
}
