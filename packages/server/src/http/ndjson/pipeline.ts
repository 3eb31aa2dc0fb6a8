/**
 * Decides the lines of an NDJSON request in groups, several groups under way, answered in order.
 *
 * Invariants: what is held is less than `groupsInFlightMax` groups at their largest, in lines and
 * in bytes, and the group that reached that, so memory is bounded however long the stream is and
 * however few lines a piece of it has; lines are reported in order; after a failure of the node
 * nothing further is reported. A line that is refused only because what it needs has not come yet
 * may be set aside; it is tried again when the groups before it are decided, and once more at the
 * end. What is set aside is bounded in lines and bytes here, and in bytes by a budget that all
 * streams share.
 */
import type { Outcome, StemeError } from '@stemedb/model';
import type { Accepted, Ingest, Submission } from '../../ingest/ingest.js';
import { mayBeMended } from '../../ingest/mendable.js';
import type { Principal } from '../../ingest/principal.js';
import type { Clock } from '../../io/clock.js';
import { isServerSide } from '../write_answer.js';
import type { NdjsonReport } from './report.js';
import type { WaitingBudget } from './waiting_budget.js';

/** A line that was read: what to submit, or why it cannot be. */
export interface ReadLine {
  readonly number: number;
  readonly bytes: number;
  readonly submission: Outcome<Submission>;
}

interface PipelineLimits {
  readonly lineBytesMax: number;
  readonly groupsInFlightMax: number;
  readonly groupLinesMax: number;
  readonly setAsideLinesMax: number;
  readonly setAsideBytesMax: number;
}

export interface PipelineDeps {
  readonly ingest: Ingest;
  readonly principal: Principal;
  readonly clock: Clock;
  readonly report: NdjsonReport;
  readonly limits: PipelineLimits;
  /** Undefined: nothing is set aside. */
  readonly waiting: WaitingBudget | undefined;
}

interface DecidedLine {
  readonly line: ReadLine;
  readonly outcome: Outcome<Accepted>;
}

interface GroupInFlight {
  readonly reported: Promise<void>;
  readonly lines: number;
  readonly bytes: number;
}

/** A full write queue is waited for, not reported: the sender is already slowed down by us. */
const overloadedWaitMs = 20;
const overloadedTriesMax = 500;

export class NdjsonPipeline {
  readonly #deps: PipelineDeps;
  #inFlight: GroupInFlight[] = [];
  #linesInFlight = 0;
  #bytesInFlight = 0;
  #reported: Promise<void> = Promise.resolve();
  #failure: StemeError | undefined;
  #crash: { readonly cause: unknown } | undefined;
  /** Refused for now once; tried again with the next group. */
  #unproved: ReadLine[] = [];
  #unprovedBytes = 0;
  /** Refused for now twice; tried again at the end. */
  #setAside: ReadLine[] = [];
  #setAsideBytes = 0;
  /** Taken from the shared budget and not given back. */
  #heldBytes = 0;
  #closed = false;

  constructor(deps: PipelineDeps) {
    this.#deps = deps;
  }

  /** Set when the node cannot go on; the caller stops reading. */
  get failure(): StemeError | undefined {
    return this.#failure;
  }

  /** Takes a group and resolves when the next one may be brought. */
  async push(group: readonly ReadLine[], lastLine: number): Promise<void> {
    const { groupLinesMax, setAsideBytesMax } = this.#deps.limits;
    if (this.#unproved.length >= groupLinesMax || this.#unprovedBytes >= setAsideBytesMax) {
      await this.#retryUnproved();
    }
    const decided = this.#decide(group);
    // It is waited for in its turn; until then a rejection that nobody hears would end the process.
    decided.catch(() => undefined);
    const reported = this.#chain(async () => {
      this.#report(await decided, (line, error) => this.#keepUnproved(line, error));
      this.#progress(lastLine);
    });
    const taken = { reported, lines: group.length, bytes: bytesOf(group) };
    this.#inFlight.push(taken);
    this.#linesInFlight += taken.lines;
    this.#bytesInFlight += taken.bytes;
    while (this.#isFull) await this.#awaitOldest();
    this.#rethrow();
  }

  /** A piece of a stream has sixty lines or one: what counts is what they are together. */
  get #isFull(): boolean {
    const { groupsInFlightMax, groupLinesMax, lineBytesMax } = this.#deps.limits;
    return (
      this.#linesInFlight >= groupsInFlightMax * groupLinesMax ||
      this.#bytesInFlight >= groupsInFlightMax * lineBytesMax
    );
  }

  async #awaitOldest(): Promise<void> {
    const oldest = this.#inFlight.shift();
    if (oldest === undefined) throw new Error('Nothing is under way.');
    await oldest.reported;
    this.#linesInFlight -= oldest.lines;
    this.#bytesInFlight -= oldest.bytes;
  }

  /** Resolves when every line is decided and reported, also those that were set aside. */
  async finish(): Promise<void> {
    await this.#drain();
    await this.#retryUnproved();
    const { groupLinesMax } = this.#deps.limits;
    const waiting = this.#setAside;
    this.#setAside = [];
    for (let start = 0; start < waiting.length && this.#failure === undefined; ) {
      const group = waiting.slice(start, start + groupLinesMax);
      this.#report(await this.#decide(group), undefined);
      this.#giveBack(bytesOf(group));
      start += groupLinesMax;
    }
    this.#rethrow();
  }

  /** Gives back what was taken from the shared budget; after it nothing is held. */
  close(): void {
    this.#closed = true;
    this.#giveBack(this.#heldBytes);
  }

  async #retryUnproved(): Promise<void> {
    await this.#drain();
    const group = this.#unproved;
    this.#unproved = [];
    this.#unprovedBytes = 0;
    if (group.length === 0 || this.#failure !== undefined) return;
    const decided = await this.#decide(group);
    this.#giveBack(bytesOf(group));
    this.#report(decided, (line, error) => this.#keepAside(line, error));
    this.#rethrow();
  }

  #keepUnproved(line: ReadLine, error: StemeError): void {
    if (!this.#hold(line.bytes)) {
      this.#refuseWaiting(line, error);
      return;
    }
    this.#unproved.push(line);
    this.#unprovedBytes += line.bytes;
  }

  #keepAside(line: ReadLine, error: StemeError): void {
    const { setAsideLinesMax, setAsideBytesMax } = this.#deps.limits;
    const bytes = this.#setAsideBytes + line.bytes;
    const isFull = this.#setAside.length >= setAsideLinesMax || bytes > setAsideBytesMax;
    if (isFull || !this.#hold(line.bytes)) {
      this.#refuseWaiting(line, error);
      return;
    }
    this.#setAside.push(line);
    this.#setAsideBytes = bytes;
  }

  #refuseWaiting(line: ReadLine, error: StemeError): void {
    const detail =
      `${error.detail} What it needs is not among the lines so far, and no more lines can wait: ` +
      'send attestations, targets and parents before the records that need them.';
    this.#deps.report.refused(line.number, { ...error, detail });
  }

  /** Takes bytes from the budget that all streams share; false when they are not left. */
  #hold(bytes: number): boolean {
    if (this.#closed || this.#deps.waiting?.take(bytes) !== true) return false;
    this.#heldBytes += bytes;
    return true;
  }

  #giveBack(bytes: number): void {
    const given = Math.min(bytes, this.#heldBytes);
    this.#heldBytes -= given;
    this.#deps.waiting?.giveBack(given);
  }

  /** Runs after everything that was chained before; a throw is kept for the caller. */
  #chain(run: () => Promise<void>): Promise<void> {
    const next = this.#reported.then(run).catch((cause: unknown) => {
      this.#crash ??= { cause };
    });
    this.#reported = next;
    return next;
  }

  async #drain(): Promise<void> {
    await this.#reported;
    this.#inFlight = [];
    this.#linesInFlight = 0;
    this.#bytesInFlight = 0;
    this.#rethrow();
  }

  #rethrow(): void {
    if (this.#crash !== undefined) throw this.#crash.cause;
  }

  /** Lines that wait for an attestation are not decided, so progress stops before the first. */
  #progress(lastLine: number): void {
    if (this.#failure !== undefined) return;
    const waiting = this.#setAside[0] ?? this.#unproved[0];
    const through = waiting === undefined ? lastLine : waiting.number - 1;
    this.#deps.report.durableThrough(Math.min(lastLine, through));
  }

  #report(
    decided: readonly DecidedLine[],
    setAside: ((line: ReadLine, error: StemeError) => void) | undefined,
  ): void {
    const { report, waiting } = this.#deps;
    for (const { line, outcome } of decided) {
      if (this.#failure !== undefined) return;
      if (outcome.ok) {
        const { status, sequence, position } = outcome.value;
        report.accepted(status, sequence, position);
      } else if (isServerSide(outcome.error)) {
        this.#failure = outcome.error;
      } else if (waiting !== undefined && mayBeMended(outcome.error) && setAside !== undefined) {
        setAside(line, outcome.error);
      } else {
        report.refused(line.number, outcome.error);
      }
    }
  }

  async #decide(group: readonly ReadLine[]): Promise<readonly DecidedLine[]> {
    const outcomes = new Map<ReadLine, Outcome<Accepted>>();
    let waiting: { readonly line: ReadLine; readonly submission: Submission }[] = [];
    for (const line of group) {
      if (line.submission.ok) waiting.push({ line, submission: line.submission.value });
      else outcomes.set(line, line.submission);
    }
    for (let tries = 1; waiting.length > 0; tries += 1) {
      const submissions = waiting.map(({ submission }) => submission);
      const answers = await this.#deps.ingest.submitAll(this.#deps.principal, submissions);
      const refusedByQueue: typeof waiting = [];
      for (const [index, item] of waiting.entries()) {
        const outcome = answers[index];
        if (outcome === undefined) throw new Error('Every submission has an outcome.');
        const full = !outcome.ok && outcome.error.code === 'overloaded';
        if (full && tries < overloadedTriesMax) refusedByQueue.push(item);
        else outcomes.set(item.line, outcome);
      }
      waiting = refusedByQueue;
      if (waiting.length > 0) await this.#pause(overloadedWaitMs);
    }
    return group.map((line) => ({ line, outcome: outcomeOf(outcomes, line) }));
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.after(delayMs, resolve);
    });
  }
}

function outcomeOf(outcomes: Map<ReadLine, Outcome<Accepted>>, line: ReadLine): Outcome<Accepted> {
  const outcome = outcomes.get(line);
  if (outcome === undefined) throw new Error('Every line has an outcome.');
  return outcome;
}

const bytesOf = (lines: readonly ReadLine[]): number =>
  lines.reduce((sum, line) => sum + line.bytes, 0);
