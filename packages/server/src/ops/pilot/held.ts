/** Whether every acknowledged claim is there: asked of the server, and read from a log. */
import { parseJson, recordIdOf } from '@stemedb/model';
import type { IterableLog } from '../read_only_log.js';
import type { PilotClaims } from './claims.js';
import { Ledger } from './ledger.js';
import type { PilotServer } from './server.js';

export interface Held {
  readonly looked: number;
  readonly missing: number;
  /** The first one that is missing, by its number. */
  readonly firstMissing: number | undefined;
}

/** Asks the server for each claim of the ledger by its id. */
export const heldByServer = async (
  server: PilotServer,
  ledger: Ledger,
  atOnce: number,
): Promise<Held> => {
  const numbers = ledger.numbers();
  let looked = 0;
  let missing = 0;
  let firstMissing: number | undefined;
  const look = async (): Promise<void> => {
    for (const number of numbers) {
      const isThere = await server.holds(number);
      looked += 1;
      if (isThere) continue;
      missing += 1;
      firstMissing = Math.min(firstMissing ?? number, number);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, look));
  return { looked, missing, firstMissing };
};

const decoder = new TextDecoder();

/** Reads a log from its beginning, and holds it against the ledger. */
export const heldByLog = async (
  log: IterableLog,
  claims: PilotClaims,
  ledger: Ledger,
): Promise<Held> => {
  const found = new Ledger();
  for await (const records of log.iterate({ sequence: 1 })) {
    for (const { bytes } of records) {
      const parsed = parseJson(decoder.decode(bytes));
      if (!parsed.ok || !isObject(parsed.value)) continue;
      const number = claims.numberOf(parsed.value);
      if (number === undefined || !ledger.has(number)) continue;
      // The bytes themselves, not what they say of themselves.
      if (recordIdOf(bytes) === claims.idOf(number)) found.acknowledge(number);
    }
  }
  let firstMissing: number | undefined;
  for (const number of ledger.numbers()) {
    if (found.has(number)) continue;
    firstMissing = number;
    break;
  }
  return { looked: ledger.count, missing: ledger.count - found.count, firstMissing };
};

type JsonMap = Readonly<Record<string, never>>;

const isObject = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
