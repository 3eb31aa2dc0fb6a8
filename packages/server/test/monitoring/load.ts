/** Reads, writes and refusals, a little of each at a time, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../support/server_process.js';

const lenses = ['recency', 'consensus', 'skeptic', 'authority'];

const claim = (number: number) => ({
  kind: 'assertion',
  concept_path: `monitoring/${number % 40}`,
  predicate: 'colour',
  value: number % 3 === 0 ? 'red' : 'blue',
  confidence: 0.5,
  asserted_at: 1_700_000_000_000 + number,
});

export class MonitoredLoad {
  readonly #server: ServerProcess;
  #isStopped = false;
  #rounds = 0;
  readonly #ended: Promise<void>;

  constructor(server: ServerProcess) {
    this.#server = server;
    this.#ended = this.#run();
  }

  get rounds(): number {
    return this.#rounds;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#round(this.#rounds);
      this.#rounds += 1;
      await sleep(20);
    }
  }

  async #round(round: number): Promise<void> {
    const server = this.#server;
    const said = await server.post('/v1/assert', claim(round));
    if (said.status !== 201) throw new Error(`a claim was refused: ${JSON.stringify(said.body)}`);
    const lens = lenses[round % lenses.length];
    const query = `concept_path=monitoring/${round % 10}&predicate=colour&lens=${lens}`;
    await server.get(`/v1/query?${query}`);
    await server.get(`/v1/query?${query}`);
    await server.post('/v1/assert', { kind: 'assertion' });
    await server.get('/v1/nowhere');
  }
}
