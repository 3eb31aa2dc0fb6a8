/**
 * A pilot check against a running server: preflight, load, ledger, kill, ledger again, verify. Each
 * step gives criteria; what could not be looked at is skipped by name.
 */
import { nodeCryptoSigner } from '@stemedb/client/node';
import { formatTime, toHex } from '@stemedb/model';
import { readIdentity } from '../../log/identity.js';
import { PilotClaims } from '../../ops/pilot/claims.js';
import { type Criterion, judged, resultOf, skipped } from '../../ops/pilot/criterion.js';
import { heldByLog, heldByServer } from '../../ops/pilot/held.js';
import { heldRate } from '../../ops/pilot/held_rate.js';
import { Ledger } from '../../ops/pilot/ledger.js';
import { type LoadResult, runLoad } from '../../ops/pilot/load.js';
import type { PilotReport } from '../../ops/pilot/markdown.js';
import { killAndRecover } from '../../ops/pilot/recovery.js';
import type { Health } from '../../ops/pilot/server.js';
import { openReadOnlyLog } from '../../ops/read_only_log.js';
import { counted } from '../cells.js';
import type { EndOfProgram } from '../cli_io.js';
import { examination } from '../examination.js';
import { ServerProcess } from '../server_process.js';
import { type Session, unwrap } from '../session.js';
import {
  copyAndRestore,
  copyNames,
  inWords,
  orFailed,
  runForResult,
  skippedCopies,
} from './copies.js';
import type { PilotOptions } from './options.js';
import { ClientPilotServer } from './server.js';

const runBytes = 6;
/** Claims are written so long before the server is killed. */
const beforeKillMs = 1_000;

const names = {
  preflight: 'preflight',
  ingest: 'ingest rate',
  writes: 'write latency',
  questions: 'query latency',
  kept: 'no acknowledged claim lost, under load',
  recovery: 'ready after a kill',
  keptAfterKill: 'no acknowledged claim lost, after the kill',
  verify: 'data directory verified',
  log: 'no acknowledged claim missing on disk',
} as const;

const ms = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(1)} ms` : 'none');

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Why a line of shell failed; undefined when it did not. */
const failureOf = async (running: Promise<EndOfProgram>): Promise<string | undefined> => {
  try {
    const { exit, signal } = await running;
    return exit === 0 ? undefined : `it ended with ${signal ?? exit}`;
  } catch (error) {
    return describe(error);
  }
};

export class PilotCheck {
  readonly #session: Session;
  readonly #options: PilotOptions;
  readonly #claims: PilotClaims;
  readonly #server: ClientPilotServer;
  /** What `--pid` names. */
  readonly #target: ServerProcess | undefined;
  readonly #ledger = new Ledger();
  readonly #criteria: Criterion[] = [];
  readonly #startedAtMs: number;
  #next = 0;
  #health: Health | undefined;

  private constructor(
    session: Session,
    options: PilotOptions,
    claims: PilotClaims,
    server: ClientPilotServer,
    target: ServerProcess | undefined,
  ) {
    this.#session = session;
    this.#options = options;
    this.#claims = claims;
    this.#server = server;
    this.#target = target;
    this.#startedAtMs = session.io.clock.wallMs();
  }

  /** Nothing is sent yet. Claims are signed by `--key`, else by a key of this run. */
  static async prepare(session: Session, options: PilotOptions): Promise<PilotCheck> {
    const { io } = session;
    const { pid } = options;
    const target = pid === undefined ? undefined : await ServerProcess.find(io, pid);
    const named = await session.signer(options.key);
    const signer = named ?? nodeCryptoSigner(io.random.bytes(32));
    const run = toHex(io.random.bytes(runBytes));
    const claims = new PilotClaims(run, signer.agentId, io.clock.wallMs(), options.claimBytes);
    const strict = session.client(signer, { retry: { attemptsMax: 1 } });
    const patient = session.client(signer);
    const server = new ClientPilotServer({ strict, patient }, claims);
    return new PilotCheck(session, options, claims, server, target);
  }

  async run(): Promise<PilotReport> {
    const { report } = this.#session;
    await report.note(
      `Claims are written below ${this.#claims.prefix} on ${this.#session.url}; they stay there.`,
    );
    const isUp = await this.#preflight();
    if (isUp) {
      await this.#load();
      await this.#look(names.kept);
      await this.#kill();
      await this.#verify();
      await this.#readLog();
      await this.#copy();
    } else this.#skipTheRest();
    return this.#report();
  }

  get isServerThere(): boolean {
    return this.#health !== undefined;
  }

  #report(): PilotReport {
    const { rate, batch, duration, queryRate, claimBytes, connections } = this.#options;
    return {
      result: resultOf(this.#criteria, this.#options.allowSkipped === true),
      startedAt: formatTime(this.#startedAtMs),
      url: this.#session.url,
      databaseId: this.#health?.databaseId,
      serverVersion: this.#health?.version,
      prefix: this.#claims.prefix,
      claimsWritten: this.#ledger.count,
      settings: {
        rate,
        batch,
        query_rate: queryRate,
        duration_seconds: duration,
        claim_bytes: claimBytes,
        connections,
      },
      criteria: this.#criteria,
    };
  }

  async #preflight(): Promise<boolean> {
    const wanted = 'a server that is ready, and no failed check';
    this.#health = await this.#server.health();
    if (this.#health?.isReady !== true) {
      const found = this.#health === undefined ? 'nobody answers' : 'the server is not ready';
      this.#criteria.push(
        judged(names.preflight, wanted, `${found} at ${this.#session.url}`, false),
      );
      return false;
    }
    // The checks of a machine say something of the server only where its data are.
    const local = (await this.#whyNotLocal()) === undefined;
    const results = local ? await examination(this.#session) : [];
    // That another process has the data directory is what is wanted here.
    const found = results.filter(({ name, status }) => status !== 'ok' && name !== 'lock');
    const failed = found.filter(({ status }) => status === 'fail');
    const listed = found.map(({ name, status, detail }) => `${status}: ${name}: ${detail}`);
    const checks = local ? counted(results.length, 'check') : 'its machine was not looked at';
    const measured = [`version ${this.#health.version}, ready`, checks, ...listed].join('; ');
    this.#criteria.push(judged(names.preflight, wanted, measured, failed.length === 0));
    return true;
  }

  #loading(isOver: () => boolean): Promise<LoadResult> {
    const { io } = this.#session;
    const { rate, batch, queryRate, connections } = this.#options;
    return runLoad({
      server: this.#server,
      ledger: this.#ledger,
      clock: io.clock,
      sleep: (delayMs) => io.sleep(delayMs),
      ...{ rate, batch, queryRate, atOnce: connections },
      random: () => new DataView(io.random.bytes(4).slice().buffer).getUint32(0) / 2 ** 32,
      first: this.#next,
      isOver,
    }).then((result) => {
      this.#next = result.next;
      return result;
    });
  }

  async #load(): Promise<void> {
    const { io, report } = this.#session;
    const { rate, duration, warmUp, queryRate, queryP99, writeP99 } = this.#options;
    await report.note(`${rate} claims and ${queryRate} questions a second for ${duration} s ...`);
    const warmMs = io.clock.monotonicMs() + warmUp * 1000;
    await this.#loading(() => io.clock.monotonicMs() >= warmMs);
    const endMs = io.clock.monotonicMs() + duration * 1000;
    const load = await this.#loading(() => io.clock.monotonicMs() >= endMs);
    const { writes, questions, failedWrites, failedQuestions } = load;
    const due = { perSecond: rate, seconds: duration, writeMsMax: writeP99 };
    const { reached, isHeld } = heldRate(load, due);
    this.#criteria.push(
      judged(
        names.ingest,
        `${rate} acknowledged a second for ${duration} s, none refused`,
        `${reached.toFixed(1)} a second, ${failedWrites} refused or unanswered`,
        isHeld && failedWrites === 0,
      ),
    );
    const shown = (of: LoadResult['writes']): string =>
      `p50 ${ms(of.percentile(0.5))}, p95 ${ms(of.percentile(0.95))}, ` +
      `p99 ${ms(of.percentile(0.99))}`;
    const p99 = writes.percentile(0.99);
    this.#criteria.push(
      judged(names.writes, `p99 at most ${writeP99} ms`, shown(writes), p99 <= writeP99),
    );
    const wanted = `p99 at most ${queryP99} ms at ${queryRate} a second, none refused`;
    this.#criteria.push(
      queryRate === 0
        ? skipped(names.questions, wanted, 'no questions were asked (--query-rate 0)')
        : judged(
            names.questions,
            wanted,
            `${shown(questions)}; ${questions.count} answered, ${failedQuestions} refused`,
            questions.percentile(0.99) <= queryP99 && failedQuestions === 0,
          ),
    );
  }

  /** Asks for every claim of the ledger. */
  async #look(name: string): Promise<void> {
    const { connections } = this.#options;
    const wanted = 'every acknowledged claim is there, byte for byte';
    try {
      const held = await heldByServer(this.#server, this.#ledger, connections);
      this.#criteria.push(judged(name, wanted, inWords(held), held.missing === 0));
    } catch (error) {
      this.#criteria.push(judged(name, wanted, `it cannot be asked: ${describe(error)}`, false));
    }
  }

  async #kill(): Promise<void> {
    const { io, report } = this.#session;
    const { recoverySeconds, killCommand, startCommand } = this.#options;
    const wanted = `ready within ${recoverySeconds} s, the same database`;
    const kill =
      killCommand === undefined
        ? this.#target?.kill.bind(this.#target)
        : () => failureOf(io.processes.shell(killCommand));
    if (kill === undefined) {
      const why = 'nothing was killed; --pid or --kill-command says how';
      this.#criteria.push(skipped(names.recovery, wanted, why));
      this.#criteria.push(skipped(names.keptAfterKill, 'every acknowledged claim is there', why));
      return;
    }
    await report.note('Killing the server while claims are written ...');
    let isOver = false;
    const loading = this.#loading(() => isOver);
    await io.sleep(beforeKillMs);
    const recovered = await killAndRecover({
      server: this.#server,
      clock: io.clock,
      sleep: (delayMs) => io.sleep(delayMs),
      kill,
      start:
        startCommand === undefined ? undefined : () => failureOf(io.processes.start(startCommand)),
      secondsMax: recoverySeconds,
    });
    isOver = true;
    await loading;
    const measured = recovered.ok ? `${recovered.seconds.toFixed(2)} s` : recovered.why;
    this.#criteria.push(judged(names.recovery, wanted, measured, recovered.ok));
    if (recovered.ok) await this.#look(names.keptAfterKill);
    else {
      const there = 'every acknowledged claim is there';
      this.#criteria.push(judged(names.keptAfterKill, there, 'the server did not return', false));
    }
  }

  /** Why the data directory cannot be looked at here; undefined when it can. */
  async #whyNotLocal(): Promise<string | undefined> {
    const { io, directories } = this.#session;
    const { walDir } = directories;
    try {
      if (!(await io.disk.exists(walDir))) return `no data in ${walDir}; name them with --data`;
      const identity = await readIdentity(io.disk, walDir);
      if (!identity.ok) return identity.error.detail;
      if (identity.value?.databaseId === this.#health?.databaseId) return undefined;
    } catch (error) {
      return `${walDir} cannot be read: ${describe(error)}`;
    }
    return `${walDir} is not the data directory of this server; name it with --data`;
  }

  async #verify(): Promise<void> {
    const { report, directories } = this.#session;
    const wanted = 'every byte of the log, and its tree';
    const why = await this.#whyNotLocal();
    if (why !== undefined) {
      this.#criteria.push(skipped(names.verify, wanted, why));
      return;
    }
    await report.note('Verifying the data directory ...');
    const { walDir, dbDir } = directories;
    const words = ['verify', '--wal-dir', walDir, '--db-dir', dbDir];
    const { isMet, measured } = await orFailed(async () => {
      const { exit, result } = await runForResult(this.#session.io, words);
      const { log, findings } = result as {
        readonly log?: { readonly records?: number };
        readonly findings?: number;
      };
      const found = `${log?.records ?? 'no'} records, ${counted(findings ?? 0, 'finding')}`;
      const end = exit === 0 ? '' : `; \`stemedb verify\` ended with ${exit ?? 'a signal'}`;
      return { isMet: exit === 0 && findings === 0, measured: found + end };
    });
    this.#criteria.push(judged(names.verify, wanted, measured, isMet));
  }

  /** What the files say, whatever the server says. */
  async #readLog(): Promise<void> {
    const { io, report, directories } = this.#session;
    const wanted = 'every acknowledged claim stands in the log';
    const why = await this.#whyNotLocal();
    if (why !== undefined) {
      this.#criteria.push(skipped(names.log, wanted, why));
      return;
    }
    await report.note('Reading the log ...');
    try {
      const log = unwrap(await openReadOnlyLog(io.disk, directories.walDir));
      const held = await heldByLog(log, this.#claims, this.#ledger);
      this.#criteria.push(judged(names.log, wanted, inWords(held), held.missing === 0));
    } catch (error) {
      const found = `the log cannot be read: ${describe(error)}`;
      this.#criteria.push(judged(names.log, wanted, found, false));
    }
  }

  async #copy(): Promise<void> {
    const { scratch } = this.#options;
    const why = await this.#whyNotLocal();
    if (scratch === undefined || why !== undefined) {
      const reason = why ?? 'no place for copies; --scratch names one';
      this.#criteria.push(...skippedCopies(reason));
      return;
    }
    await this.#session.report.note(`Copying and restoring in ${scratch} ...`);
    const work = { scratch, claims: this.#claims, ledger: this.#ledger };
    this.#criteria.push(...(await copyAndRestore(this.#session, work)));
  }

  #skipTheRest(): void {
    for (const name of [...Object.values(names).slice(1), ...Object.values(copyNames)]) {
      this.#criteria.push(skipped(name, '', 'the preflight failed'));
    }
  }
}
