/**
 * The life of one node between its crashes: opens it over the simulated disk, clock and engine,
 * lets mishaps befall it, starts it again, and tells clients what became of their calls.
 */
import { blake3, endOfMs, fail, keyPairFromSeed, type Outcome } from '@stemedb/model';
import { type Database, type Effects, openDatabase } from '../../src/bin/database.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import { LensRegistry } from '../../src/lens/registry.js';
import type { Engine } from '../../src/store/engine.js';
import { overlayEngine } from '../../src/store/engine_overlay.js';
import { firstPolicy } from '../support/histories/cast.js';
import { hold, Ledger } from './ledger.js';
import { scheduledDisk } from './scheduled_disk.js';
import { clockOf, Scheduler } from './scheduler.js';
import { SeededRandom } from './seeded_random.js';
import { type Fault, type Operation, SimulatedDisk } from './simulated_disk.js';
import { EngineFiles, simulatedEngine } from './simulated_engine.js';
import { SimulatedTime } from './simulated_time.js';
import type { Deed, Mishap, Plan } from './workload.js';

export const startMs = Date.UTC(2026, 0, 1);
export const walDir = '/wal';
const dbDir = '/db';

const capacityBytes = 2 ** 30;

const bytesOf = (text: string, length: number): Uint8Array => {
  const block = blake3(new TextEncoder().encode(text));
  return Uint8Array.from({ length }, (_, at) => block[at % 32] ?? 0);
};

/** The key of every simulated node: the first bytes that it asks for. */
const identityBytes = bytesOf('simulated node', 32);
export const nodeAgent = keyPairFromSeed(identityBytes).agentId;

/** What became of a call: its value, or the node was gone before it answered. */
export type Called<T> = { readonly value: T } | 'lost';

interface ArmedFault {
  readonly matches: (operation: Operation) => boolean;
  readonly fault: Fault;
  times: number;
}

export class World {
  readonly disk = new SimulatedDisk({ capacityBytes });
  readonly engineFiles = new EngineFiles();
  readonly time = new SimulatedTime(startMs);
  readonly ledger = new Ledger();
  readonly scheduler: Scheduler;
  readonly #plan: Plan;
  readonly #random: SeededRandom;
  readonly #lenses = new LensRegistry();
  #mishaps: Mishap[];
  #database: Database | undefined;
  /** The engine of the open node. */
  engine: Engine | undefined;
  #waiting: (() => void)[] = [];
  #lose = new Set<() => void>();
  #faults: ArmedFault[] = [];
  /** A fault has happened in this life: refusals are explained. */
  hasFailed = false;
  /** How far the log was durable when a sync of it failed in this life. */
  #failedAt: number | undefined;
  isClosing = false;
  #isCutOff = false;
  #acknowledged = 0;
  #steps = 0;
  #broken: unknown;
  #randomBytes = 0;
  /** Counts crashes. */
  #life = 0;
  /** The newest stamp of the log when this life began. */
  #firstStamp = '';

  constructor(plan: Plan, seed: number, trace?: (line: string) => void) {
    this.#plan = plan;
    this.#random = new SeededRandom(seed ^ 0x5eed);
    this.#mishaps = [...plan.mishaps];
    this.scheduler = new Scheduler(new SeededRandom(seed ^ 0xdec1de), this.time);
    this.scheduler.trace = trace;
    this.scheduler.between = () => this.#between();
    this.scheduler.isCutOff = (kind) => this.#cutsOff(kind);
    this.disk.hook = (operation) => this.#onOperation(operation);
  }

  /** How often what happened, so that a test can say whether it was put to the test at all. */
  readonly happened = new Map<string, number>();

  note(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }

  trace(line: string): void {
    this.scheduler.trace?.(`  ${line}`);
  }

  get random(): SeededRandom {
    return this.#random;
  }

  get life(): number {
    return this.#life;
  }

  /** The open node; undefined while there is none. */
  get database(): Database | undefined {
    return this.#database;
  }

  /** Calls the node when it is up. A call that throws is a fault of the program. */
  async call<T>(what: string, work: (database: Database) => Promise<T>): Promise<Called<T>> {
    while (this.#database === undefined || this.isClosing) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const database = this.#database;
    let forget = (): void => undefined;
    const lost = new Promise<'lost'>((resolve) => {
      const lose = (): void => resolve('lost');
      this.#lose.add(lose);
      forget = () => void this.#lose.delete(lose);
    });
    const answered = work(database).then(
      (value) => ({ value }),
      (error: unknown) => {
        throw new Error(`${what} threw ${error instanceof Error ? error.stack : error}`);
      },
    );
    try {
      return await Promise.race([answered, lost]);
    } finally {
      forget();
    }
  }

  /** Called by clients when a write was answered. */
  acknowledged(sequence: number): void {
    this.#acknowledged += 1;
    const failedAt = this.#failedAt ?? sequence;
    hold(sequence <= failedAt, 'nothing is acknowledged after a failed sync', () => {
      return `${sequence}, durable was ${failedAt}`;
    });
  }

  /** Has the node started; clients wait until it is up. */
  begin(): void {
    const life = this.#life;
    this.#later('start', async () => {
      if (life === this.#life) await this.#start();
    });
  }

  /** Opens the node once, whatever comes of it. */
  open(): Promise<Outcome<Database>> {
    const effects: Effects = {
      clock: clockOf(this.time, this.scheduler),
      random: { bytes: (length) => this.#bytes(length) },
      disk: scheduledDisk(this.disk, this.scheduler),
      openEngine: {
        open: () => this.#openEngine(),
        remove: () =>
          this.scheduler.effect('node', 'engine remove', 'engine remove', () =>
            this.engineFiles.lose(),
          ),
      },
      verify: sodiumVerify,
      lenses: this.#lenses,
      onWriteFailure: ({ code, detail }) => this.#onWriteFailure(`${code}: ${detail}`),
      onCheckpointFailure: (error) => {
        hold(this.hasFailed, 'a checkpoint fails for a reason', () => String(error));
      },
    };
    const { segmentBytesMax, freeBytesMin, cacheBytesMax } = this.#plan;
    return openDatabase(
      {
        walDir,
        dbDir,
        signatures: 'optional',
        policy: firstPolicy,
        segmentBytesMax,
        freeBytesMin,
        cacheBytesMax,
      },
      effects,
    );
  }

  /** Opens the node; what goes wrong without a fault breaks the run. */
  async #start(): Promise<void> {
    this.isClosing = false;
    const opened = await this.open().catch((error: unknown): Outcome<Database> => {
      // Two faults at once, as when what was opened cannot be closed again.
      if (!this.hasFailed) throw error;
      return fail({ code: 'internal', detail: String(error) });
    });
    if (!opened.ok) {
      const { code, detail } = opened.error;
      this.trace(`start refused: ${code}: ${detail}`);
      this.note('start refused');
      hold(this.hasFailed, 'a start without a fault succeeds', () => `${code}: ${detail}`);
      this.#mend();
      this.#crash({ type: 'kill' });
      return;
    }
    this.trace(`up: ${opened.value.log.lastSequence} records`);
    this.#database = opened.value;
    const { report } = opened.value;
    hold(report.storeRebuilt === undefined, 'a store survives what an engine promises', () => {
      return report.storeRebuilt ?? '';
    });
    if (report.log.cut !== undefined) this.note('torn tail cut');
    if (report.replayed > 0) this.note('replayed');
    this.#firstStamp = opened.value.log.lastStamp ?? '';
    const nowStamp = endOfMs(this.time.wallMs - 1);
    this.#forgetMoments((asOf) => asOf <= nowStamp);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Does what befalls the node, now. */
  suffer(deed: Deed): void {
    this.trace(`mishap ${JSON.stringify(deed)}`);
    this.note(deed.type);
    switch (deed.type) {
      case 'power loss':
      case 'kill':
      case 'store lost':
        this.#crash(deed);
        return;
      case 'restart':
        this.#restart();
        return;
      case 'clock':
        this.time.setWall(deed.byMs);
        if (deed.byMs < 0) this.#forgetMoments(() => false);
        return;
      case 'engine error':
        this.engineFiles.failures = deed.times;
        this.hasFailed = true;
        return;
      case 'full':
        this.disk.capacityBytes = this.disk.usedBytes + deed.leftBytes;
        this.hasFailed = true;
        return;
      case 'space':
        this.disk.capacityBytes = capacityBytes;
        return;
      case 'short writes':
        this.#arm('write', { type: 'short', bytes: 1 + this.#random.below(40) }, deed.times);
        return;
      case 'disk error':
        this.#arm(deed.operation, { type: 'error', code: deed.code }, deed.times);
    }
  }

  /** No mishap any more; what was armed is disarmed. */
  calm(): void {
    this.#mishaps = [];
    this.#mend();
    if (this.#database?.writeFailure !== undefined) this.suffer({ type: 'kill' });
  }

  #mend(): void {
    this.#faults = [];
    this.engineFiles.failures = 0;
    this.disk.capacityBytes = capacityBytes;
  }

  #openEngine(): Engine {
    const behind = simulatedEngine(this.engineFiles, this.scheduler);
    this.engine = overlayEngine(behind, this.#plan);
    return this.engine;
  }

  #bytes(length: number): Uint8Array {
    this.#randomBytes += 1;
    if (length === identityBytes.length) return identityBytes;
    return bytesOf(`bytes ${this.#randomBytes}`, length);
  }

  #arm(operation: Operation['type'], fault: Fault, times: number): void {
    // The lock files and identity are made once; what matters is written all the time.
    this.#faults.push({ matches: ({ type }) => type === operation, fault, times });
  }

  /** True when what was just done by the node shall never be heard of. */
  #cutsOff(kind: string): boolean {
    const [next] = this.#mishaps;
    this.#isCutOff ||= next?.when.type === 'called' && next.when.kind === kind;
    return this.#isCutOff;
  }

  #onOperation(operation: Operation): Fault | undefined {
    if (operation.type === 'create' && operation.path.endsWith('.wal')) this.note('segment made');
    if (operation.type === 'write' && operation.path.endsWith('.wal')) {
      const isSound = this.#failedAt === undefined;
      hold(isSound, 'a log is not written after a failed sync', () => operation.path);
    }
    const armed = this.#faults.find(({ matches, times }) => times > 0 && matches(operation));
    if (armed === undefined) return undefined;
    armed.times -= 1;
    const { fault } = armed;
    if (fault.type === 'error') {
      this.hasFailed = true;
      const isLogSync = operation.type === 'datasync' && operation.path.endsWith('.wal');
      if (isLogSync) this.#failedAt ??= this.#database?.log.durableSequence;
    }
    this.trace(`fault ${JSON.stringify(fault)} at ${operation.type} ${operation.path}`);
    return fault;
  }

  /** Between two steps: what is due befalls the node, and what it should have said is looked at. */
  #between(): void {
    if (this.#broken !== undefined) throw this.#broken;
    this.#steps += 1;
    const [next] = this.#mishaps;
    if (next === undefined) return;
    const isDue =
      next.when.type === 'steps'
        ? this.#steps >= next.when.count
        : next.when.type === 'acknowledged'
          ? this.#acknowledged > 0
          : this.#isCutOff;
    if (!isDue) return;
    this.#mishaps.shift();
    this.#steps = 0;
    this.#acknowledged = 0;
    const wasCutOff = this.#isCutOff;
    this.#isCutOff = false;
    const life = this.#life;
    this.suffer(next.deed);
    // What was cut off is never heard of, so the node cannot go on.
    if (wasCutOff) this.note('cut off within a call');
    if (wasCutOff && life === this.#life) this.#crash({ type: 'kill' });
  }

  #onWriteFailure(detail: string): void {
    this.trace(`writing has ended: ${detail}`);
    this.note('writing ended');
    hold(this.hasFailed, 'writing ends for a reason', () => detail);
    const database = this.#database;
    // The process ends with an exit code that has the supervisor start it again.
    void this.scheduler
      .effect('node', 'exit', 'exit', () => undefined)
      .then(() => {
        if (database === this.#database) this.#crash({ type: 'kill' });
      });
  }

  #crash(deed: Deed): void {
    this.#life += 1;
    this.scheduler.dropNode();
    this.time.dropNode();
    this.#database = undefined;
    this.engine = undefined;
    this.isClosing = false;
    this.#failedAt = undefined;
    this.#isCutOff = false;
    // What was armed and has not happened yet may meet the next life.
    this.hasFailed = this.#isArmed();
    if (deed.type === 'kill') {
      this.disk.kill();
      this.engineFiles.kill();
    } else {
      this.disk.crash(this.#random.next(), deed.type === 'power loss' ? deed.loss : 'any');
      if (deed.type === 'store lost') this.engineFiles.lose();
      else this.engineFiles.powerLoss(this.#random);
    }
    const lost = this.#lose;
    this.#lose = new Set();
    for (const lose of lost) lose();
    this.begin();
  }

  #isArmed(): boolean {
    const isFull = this.disk.capacityBytes < capacityBytes;
    return isFull || this.engineFiles.failures > 0 || this.#faults.some(({ times }) => times > 0);
  }

  /** Stops in order and starts again. */
  #restart(): void {
    const database = this.#database;
    if (database === undefined || this.isClosing) return;
    this.isClosing = true;
    this.#later('stop', async () => {
      if (database !== this.#database) return;
      try {
        await database.close();
      } catch (error) {
        hold(this.hasFailed, 'a stop without a fault succeeds', () => String(error));
      }
      if (database === this.#database) this.#crash({ type: 'kill' });
    });
  }

  /** Runs beside the clients; what breaks there breaks the run. */
  #later(label: string, work: () => Promise<void>): void {
    void this.scheduler
      .effect('client', 'operator', label, () => undefined)
      .then(work)
      .catch((error: unknown) => {
        this.#broken ??= error;
      });
  }

  /** Closes the node that is up, for good. */
  async stopped(): Promise<Database> {
    const called = await this.call('stop', async (database) => {
      await database.close();
      return database;
    });
    return called === 'lost' ? this.stopped() : called.value;
  }

  /**
   * A clock that was set back over a restart lets moments come again that were asked about before:
   * only what the log shows is promised then.
   */
  #forgetMoments(isKept: (asOf: string) => boolean): void {
    const { ledger } = this;
    const stampOf = (asOf: string | number) => (typeof asOf === 'number' ? endOfMs(asOf) : asOf);
    const kept = ({ asOf, life }: { readonly asOf: string | number; readonly life: number }) =>
      life === this.#life || stampOf(asOf) <= this.#firstStamp || isKept(stampOf(asOf));
    ledger.answers = ledger.answers.filter(kept);
    ledger.lists = ledger.lists.filter(kept);
  }
}
