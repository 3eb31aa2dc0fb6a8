// PostgreSQL's side of the sizes: a table with an index for each way in that our store has for
// these claims: by hash; by concept, predicate and time; by agent; by source.

import { askScript, Pgbench } from './pgbench.mjs';
import { summary } from './statistics.mjs';
import { candidatesPerConcept } from './work.mjs';
import { busyConnections } from './works.mjs';

const table = 'sized';
const chunkRows = 250_000;

export class SizedTable {
  #run;
  #postgres;
  #size = 0;

  constructor(run, postgres) {
    this.#run = run;
    this.#postgres = postgres;
  }

  create() {
    return this.#postgres.createTable(table, ['agent', 'source']);
  }

  drop() {
    return this.#postgres.query(`drop table ${table}; checkpoint;`);
  }

  async growTo(size) {
    const filled = size - this.#size;
    const begin = performance.now();
    await this.#fill(this.#size, size);
    const fillSeconds = (performance.now() - begin) / 1000;
    this.#size = size;
    const { rounds, seconds } = this.#run.plan;
    const pgbench = new Pgbench(this.#postgres, size / candidatesPerConcept);
    const script = askScript(size / candidatesPerConcept, "'bench/sized/' || :n", table);
    const results = [];
    for (let round = 1; round <= rounds; round += 1) {
      results.push(await pgbench.run([[script]], busyConnections(this.#run.plan), seconds));
    }
    const bytes = Number(await this.#postgres.query(`select pg_total_relation_size('${table}')`));
    return { full: summary(results), bytesPerClaim: bytes / size, filled, fillSeconds };
  }

  /** The rows of sizedClaim, in the order in which our server gets them. */
  async #fill(from, to) {
    const pairs = (to - from) / candidatesPerConcept;
    const concept = `${from / candidatesPerConcept} + (n - ${from}) % ${pairs}`;
    await this.#postgres.whileLoading(async () => {
      for (let first = from; first < to; first += chunkRows) {
        const rows = `generate_series(${first}, ${Math.min(to, first + chunkRows) - 1}) n`;
        await this.#postgres.insert(table, rows, `'bench/sized/' || (${concept})`);
      }
    });
    await this.#postgres.query(`vacuum analyze ${table}; checkpoint;`);
  }
}
