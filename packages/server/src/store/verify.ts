/**
 * Holds a store against its log. First every entry of every table is read and its checksum checked;
 * then the log is taken in again and every entry that it demands is looked up and compared; at last
 * the counts show whether there is an entry that the log does not demand.
 *
 * Memory: a number for each pair. What is found is never repaired here: a store is rebuilt.
 */
import type { Log } from '../log/log.js';
import { StoreCorruption } from './corruption.js';
import type { Engine, EngineSnapshot } from './engine.js';
import { asBuffer, open } from './entry.js';
import { decodeHomes } from './homes.js';
import { candidateKeyBytes, keyAfter, stateKey, type TableName, tables } from './keys.js';
import { placesOf } from './places.js';
import { listedIn } from './record_list.js';
import { applicable } from './replay.js';
import { decodePair } from './row.js';
import { decodeState, emptyState, formatOfState, type StoreState, storeFormat } from './state.js';
import { finding, guarded, type VerifyFinding, VerifySink } from './verify_sink.js';

interface VerifyProgress {
  readonly type: 'progress';
  readonly phase: 'entries' | 'records';
  readonly done: number;
  /** Known for records only. */
  readonly total?: number;
}

export interface VerifyEnd {
  readonly type: 'end';
  readonly findings: number;
  readonly entries: number;
  readonly records: number;
}

export type VerifyEvent = VerifyFinding | VerifyProgress | VerifyEnd;

/** Entries or records between two progress events. */
const stepsPerEvent = 4096;

/** Checks a store against its log; yields what it finds, and `end` last. */
export async function* verifyStore(
  engine: Engine,
  log: Pick<Log, 'iterate'>,
): AsyncGenerator<VerifyEvent, void, void> {
  const snapshot = engine.snapshot();
  let findings = 0;
  const walk = new EntryWalk(snapshot);
  try {
    const state = readState(snapshot);
    if ('type' in state) {
      yield state;
      yield { type: 'end', findings: 1, entries: 0, records: 0 };
      return;
    }
    for (const event of walk.run()) {
      if (event.type === 'finding') findings += 1;
      yield event;
    }
    let records = 0;
    for await (const event of checkRecords(snapshot, log, state, walk)) {
      if (event.type === 'finding') findings += 1;
      else records = event.done;
      yield event;
    }
    yield { type: 'end', findings, entries: walk.entries, records };
  } finally {
    snapshot.release();
  }
}

function readState(snapshot: EngineSnapshot): StoreState | VerifyFinding {
  try {
    const bytes = snapshot.get(stateKey);
    if (bytes === undefined) return emptyState('');
    const format = formatOfState(bytes);
    if (format !== storeFormat) return finding('state', `the store has format ${format}`);
    return decodeState(bytes);
  } catch (error) {
    if (error instanceof StoreCorruption) return finding('state', error.message);
    return finding('engine', error instanceof Error ? error.message : String(error));
  }
}

/** Reads every entry once. */
class EntryWalk {
  readonly #snapshot: EngineSnapshot;
  readonly #counts = new Map<TableName, number>();
  /** Pair number -> rows found; what the directory accounts for is taken off again. */
  readonly #rows = new Map<number, number>();
  entries = 0;

  constructor(snapshot: EngineSnapshot) {
    this.#snapshot = snapshot;
  }

  count(table: TableName): number {
    return this.#counts.get(table) ?? 0;
  }

  *run(): Generator<VerifyFinding | VerifyProgress, void, void> {
    // Candidate rows come first: the directory is then held against what was counted.
    const order = Object.entries(tables) as [TableName, number][];
    order.sort(([a], [b]) => Number(b === 'candidate') - Number(a === 'candidate'));
    for (const [table, tag] of order) {
      yield* this.#table(table, Buffer.from([tag]), Buffer.from([tag + 1]));
    }
    for (const [pair, rows] of this.#rows) {
      if (rows !== 0) yield finding('candidate', `pair ${pair} has ${rows} rows too many`);
    }
    yield* this.#gaps();
  }

  *#table(
    table: TableName,
    gte: Buffer,
    lt: Buffer,
  ): Generator<VerifyFinding | VerifyProgress, void, void> {
    let from = gte;
    for (;;) {
      const findings: VerifyFinding[] = [];
      let read = 0;
      guarded(findings, () => {
        for (const { key, value } of this.#snapshot.range({
          gte: from,
          lt,
          limit: stepsPerEvent,
        })) {
          read += 1;
          from = keyAfter(key);
          guarded(findings, () => {
            const measure = this.#entry(table, asBuffer(key), value);
            this.#counts.set(table, this.count(table) + measure);
          });
        }
      });
      this.entries += read;
      yield* findings;
      if (read < stepsPerEvent) return;
      yield { type: 'progress', phase: 'entries', done: this.entries };
    }
  }

  /** Checks an entry; gives how many things stand in it, which the log is asked about. */
  #entry(table: TableName, key: Buffer, value: Uint8Array): number {
    switch (table) {
      case 'id':
        return decodeHomes(key, value).length;
      case 'place':
        return placesOf(key, value).length;
      case 'agentRecord':
        return listedIn(key, value).length;
      default:
        this.#checkEntry(table, key, value);
        return 1;
    }
  }

  #checkEntry(table: TableName, key: Buffer, value: Uint8Array): void {
    if (table === 'candidate') {
      if (key.length !== candidateKeyBytes) throw new StoreCorruption(table, key, 'is cut');
      const pair = key.readUInt32BE(3);
      this.#rows.set(pair, (this.#rows.get(pair) ?? 0) + 1);
    }
    if (table === 'pair') {
      const { number, claims } = decodePair(key, value);
      const rows = this.#rows.get(number) ?? 0;
      if (rows < claims) throw new StoreCorruption(table, key, `${rows} rows of ${claims}`);
      this.#rows.set(number, rows - claims);
    }
    open(key, value);
  }

  /** Keys of no table at all. */
  *#gaps(): Generator<VerifyFinding, void, void> {
    const tags = new Set<number>(Object.values(tables));
    for (let tag = 0; tag < 0xff; tag += 1) {
      if (tags.has(tag)) continue;
      const findings: VerifyFinding[] = [];
      guarded(findings, () => {
        const range = { gte: Buffer.from([tag]), lt: Buffer.from([tag + 1]), limit: 1 };
        for (const { key } of this.#snapshot.range(range)) {
          const keyHex = Buffer.from(key).toString('hex');
          findings.push(finding('unknown', `entry ${keyHex} belongs to no table`));
        }
      });
      yield* findings;
    }
  }
}

async function* checkRecords(
  snapshot: EngineSnapshot,
  log: Pick<Log, 'iterate'>,
  state: StoreState,
  walk: EntryWalk,
): AsyncGenerator<VerifyFinding | VerifyProgress, void, void> {
  const total = state.appliedSequence;
  const sink = new VerifySink(snapshot, state.databaseId);
  for await (const chunk of log.iterate({ sequence: 1 })) {
    for (const record of chunk) {
      if (record.sequence > total) break;
      yield* sink.take(applicable(record));
    }
    yield { type: 'progress', phase: 'records', done: sink.state.appliedSequence, total };
    if (sink.state.appliedSequence >= total) break;
  }
  yield* sink.finish();
  for (const table of Object.keys(tables) as TableName[]) {
    const demanded = demandedOf(sink, table);
    if (demanded === walk.count(table)) continue;
    yield finding(table, `has ${walk.count(table)} of what the log demands ${demanded}`);
  }
  for (const name of Object.keys(state) as (keyof StoreState)[]) {
    const [stored, counted] = [state[name], sink.state[name]].map((value) => JSON.stringify(value));
    if (stored !== counted) yield finding('state', `${name} is ${stored}, the log says ${counted}`);
  }
}

function demandedOf(sink: VerifySink, table: TableName): number {
  const { names, pairs, records } = sink.state;
  switch (table) {
    case 'state':
      return records === 0 ? 0 : 1;
    case 'pair':
      return pairs;
    case 'agentNumber':
    case 'agentName':
      return names.agent;
    case 'classNumber':
    case 'className':
      return names.class;
    case 'epochNumber':
    case 'epochName':
      return names.epoch;
    case 'originNumber':
    case 'originName':
      return names.origin;
    default:
      return sink.count(table);
  }
}
