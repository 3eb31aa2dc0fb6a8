/** The server under check, through the client: every failure is seen, none is tried again. */
import { type StemeClient, StemeClientError } from '@stemedb/client';
import { canonicalBytes, type JsonObject, recordIdOf } from '@stemedb/model';
import type { PilotClaims } from '../../ops/pilot/claims.js';
import type { Health, PilotServer } from '../../ops/pilot/server.js';

const healthMsMax = 2_000;

interface Clients {
  /** Tries once. */
  readonly strict: StemeClient;
  /** Tries again: for looking afterwards, where a busy server is no finding. */
  readonly patient: StemeClient;
}

/** What a call gave; undefined when it failed in a way that a server or a network may fail. */
const orFailed = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    if (error instanceof StemeClientError) return undefined;
    throw error;
  }
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export class ClientPilotServer implements PilotServer {
  readonly #clients: Clients;
  readonly #claims: PilotClaims;

  constructor(clients: Clients, claims: PilotClaims) {
    this.#clients = clients;
    this.#claims = claims;
  }

  async health(): Promise<Health | undefined> {
    // One that hangs is as good as down.
    const signal = AbortSignal.timeout(healthMsMax);
    const health = await orFailed(this.#clients.strict.health({ signal }));
    if (health === undefined) return undefined;
    const { database_id: databaseId, version, ready, uptime_seconds: uptime } = health;
    return {
      databaseId: text(databaseId),
      version: text(version),
      isReady: ready === true,
      uptimeSeconds: typeof uptime === 'number' ? uptime : 0,
    };
  }

  async write(numbers: readonly number[]): Promise<readonly number[]> {
    const inputs = numbers.map((number) => this.#claims.claim(number));
    const [first] = inputs;
    if (inputs.length === 1 && first !== undefined) {
      const answer = await orFailed(this.#clients.strict.assert(first));
      return answer === undefined ? [] : numbers;
    }
    const answer = await orFailed(this.#clients.strict.assertMany(inputs));
    if (answer === undefined) return [];
    const refused = new Set(answer.refusals.map(({ line }) => line));
    return numbers.filter((_, at) => !refused.has(at + 1));
  }

  async ask(number: number, lens: string): Promise<boolean> {
    const question = { ...this.#claims.question(number), lens };
    return (await orFailed(this.#clients.strict.query(question))) !== undefined;
  }

  async holds(number: number): Promise<boolean> {
    const id = this.#claims.idOf(number);
    const found = await this.#clients.patient.record(id);
    if (found === undefined) return false;
    // What it says that the record is must be what the id names.
    return recordIdOf(canonicalBytes(found.record as unknown as JsonObject)) === id;
  }
}
