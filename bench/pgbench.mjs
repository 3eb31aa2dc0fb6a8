// PostgreSQL under load by its own program, with prepared statements over its own protocol.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from './statistics.mjs';
import { candidatesPerConcept, claimText, conceptsPerPrefix, predicate } from './work.mjs';

const secondsBeside = 60;
/** Fewer than any machine here takes: PostgreSQL starts a process for each. */
const connectsPerSecond = 150;
const columns = 'hash, concept, predicate, recorded, agent, body';
/** As long as the canonical form of the claims that StemeDB gets. */
const body = `'${claimText(0)}' || repeat('x', 200)`;

/** One durable claim: a unique hash, a duplicate changes nothing. */
const insertScript = `
\\set n random(1, 1000000000000000)
insert into claims (${columns})
values (sha256(int8send(:n::bigint)), 'bench/stated/' || (:n::bigint % 50000), '${predicate}',
  now(), repeat('a', 64), :n || ${body}) on conflict (hash) do nothing;
`;

/** The same for many rows of one statement. */
function insertManyScript(rows) {
  const values = Array.from({ length: rows }, (_, row) => `(${row}, ${body})`);
  return `
\\set n random(1, 1000000000000)
insert into claims (${columns})
select sha256(int8send(k)), 'bench/stated/' || (k % 50000), '${predicate}', now(),
  repeat('a', 64), k || b
from (select :n::bigint * ${rows} as n) first,
  (values ${values.join(',')}) as v (i, b), lateral (select n + i as k) number
on conflict (hash) do nothing;
`;
}

/** The concept with this number, in SQL; see askedConcept. */
export function askedConceptSql(number) {
  const per = conceptsPerPrefix;
  return `'bench/asked/' || (${number} / ${per}) || '/' || (${number} % ${per})`;
}

/** The newest claims of one of so many concepts; `concept` is SQL of its number `:n`. */
export function askScript(concepts, concept, table = 'claims') {
  return `
\\set n random(0, ${concepts - 1})
select body from ${table} where concept = ${concept} and predicate = '${predicate}'
order by recorded desc limit ${candidatesPerConcept};
`;
}

const browseScript = (concepts) => `
\\set n random(0, ${Math.floor(concepts / conceptsPerPrefix) - 1})
select distinct on (concept) body from claims
where concept >= 'bench/asked/' || :n || '/' and concept < 'bench/asked/' || :n || '0'
  and predicate = '${predicate}' order by concept, recorded desc limit 100;
`;

const mixedWriteScript = (concepts) => `
\\set n random(1, 1000000000000000)
insert into claims (${columns})
values (sha256(int8send(:n::bigint)), 'bench/mixed/' || (:n::bigint % ${concepts}),
  '${predicate}', now(), repeat('a', 64), :n || ${body}) on conflict (hash) do nothing;
`;

export class Pgbench {
  #postgres;
  #concepts;

  constructor(postgres, concepts) {
    this.#postgres = postgres;
    this.#concepts = concepts;
  }

  assert(connections, seconds) {
    return this.run([[insertScript]], connections, seconds);
  }

  async assertMany(rows, connections, seconds) {
    const result = await this.run([[insertManyScript(rows)]], connections, seconds);
    return { ...result, rate: result.rate * rows };
  }

  /** `offered` bounds the questions a second; latencies then count from the planned moment. */
  ask(connections, seconds, offered) {
    const script = askScript(this.#concepts, askedConceptSql(':n'));
    return this.run([[script]], connections, seconds, offered);
  }

  browse(connections, seconds) {
    return this.run([[browseScript(this.#concepts)]], connections, seconds);
  }

  mixed(connections, seconds) {
    const read = askScript(this.#concepts, "'bench/mixed/' || :n");
    const scripts = [
      [read, 9],
      [mixedWriteScript(this.#concepts), 1],
    ];
    return this.run(scripts, connections, seconds);
  }

  /** Runs scripts `[text, weight]` for some seconds. */
  async run(scripts, connections, seconds, offered) {
    const { home } = this.#postgres;
    const files = scripts.flatMap(([script, weight = 1], at) => {
      const file = join(home, `script-${at}.sql`);
      writeFileSync(file, script);
      return ['-f', `${file}@${weight}`];
    });
    // The time that pgbench is given begins before it connects.
    const given = seconds + Math.ceil(connections / connectsPerSecond);
    const load = ['-n', '-M', 'prepared', '-c', `${connections}`, '-j', '1', '-T', `${given}`];
    const pace = offered === undefined ? [] : ['-R', `${Math.max(1, Math.round(offered))}`];
    const log = ['-l', '--log-prefix', join(home, 'latency')];
    const args = [...load, ...pace, ...log, ...files, 'postgres'];
    const secondsMax = given + secondsBeside;
    const output = await this.#postgres.program('pgbench', args, { secondsMax });
    const rate = Number(/^tps = (\S+) \(without initial/m.exec(output)?.[1]);
    const times = this.#times();
    if (!(rate > 0)) throw new Error(`pgbench reached nothing: ${output.slice(-300)}`);
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
    return { requests: times.length, rate, p50, p99 };
  }

  /** Latencies of the run in milliseconds, sorted; its files are removed. */
  #times() {
    const { home } = this.#postgres;
    const names = readdirSync(home).filter((name) => name.startsWith('latency'));
    const times = names.flatMap((name) => {
      const lines = readFileSync(join(home, name), 'utf8').split('\n');
      rmSync(join(home, name));
      return lines.filter((line) => line !== '').map((line) => Number(line.split(' ')[2]) / 1000);
    });
    return times.sort((a, b) => a - b);
  }
}
