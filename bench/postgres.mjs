// A PostgreSQL cluster of its own in a directory of the run. Reached by its Unix socket, with
// synchronous_commit on: what it acknowledges is durable too.

import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endChild, hasEnded } from './children.mjs';
import { familyMemoryMib } from './machine.mjs';
import {
  candidatesPerConcept,
  competingValues,
  fillingCount,
  fillingSentence,
  predicate,
  sourcePrefix,
  sourcesCount,
  timeMs,
} from './work.mjs';

const debianFolder = '/usr/lib/postgresql';
const startTriesMax = 100;
const buffersMibMax = 4096;
const fillSecondsMax = 3600;

/** Claims as StemeDB stores them, so that a row takes what a record takes; see work.mjs. */
const functions = `
create function claim_value(number bigint) returns text language sql immutable return
  number % ${competingValues} || ': ' || repeat('${fillingSentence}', ${fillingCount});
create function claim_source(number bigint) returns text language sql immutable return
  '${sourcePrefix}' || number % ${sourcesCount};
create function claim_body(concept text, number bigint) returns text
language sql immutable return
  '{"agent_id":"' || repeat('a', 64) || '","asserted_at":' || ${timeMs} + number
  || ',"concept_path":"' || concept || '","kind":"assertion","predicate":"${predicate}"'
  || ',"source_uri":"' || claim_source(number) || '","v":1,"value":"' || claim_value(number)
  || '"}';
`;

/** The folder of the newest PostgreSQL programs, if there are any. */
export function findPrograms() {
  if (existsSync(debianFolder)) {
    const versions = readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a));
    const folders = versions.map((version) => join(debianFolder, version, 'bin'));
    const found = folders.find((folder) => existsSync(join(folder, 'initdb')));
    if (found !== undefined) return found;
  }
  const { stdout, status } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  return status === 0 && existsSync(join(stdout.trim(), 'initdb')) ? stdout.trim() : undefined;
}

/** initdb refuses root; Debian's package brings a user for this. */
function serverUser() {
  if (process.getuid() !== 0) return {};
  const number = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: number('-u'), gid: number('-g') };
}

/** Starts an empty cluster with the claims table. */
export async function startPostgres(run, programs) {
  const user = serverUser();
  const home = join(run.folder, 'postgres');
  mkdirSync(home, { recursive: true });
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid);
  const data = join(home, 'data');
  const initArgs = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale'];
  await run.children.run(join(programs, 'initdb'), initArgs, { ...user, cwd: home });
  const buffersMib = Math.min(buffersMibMax, Math.floor(totalmem() / 2 ** 20 / 4));
  const settings = ['listen_addresses=', `unix_socket_directories=${home}`];
  settings.push('synchronous_commit=on', 'fsync=on', 'max_wal_size=8GB', 'max_connections=300');
  settings.push(`shared_buffers=${buffersMib}MB`);
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const child = run.children.start(join(programs, 'postgres'), args, { ...user, cwd: home });
  const postgres = new Postgres(run, programs, home, child);
  for (let tries = 0; !(await postgres.answers()); tries += 1) {
    if (tries === startTriesMax || hasEnded(child)) {
      throw new Error(`PostgreSQL did not start: ${child.said}`);
    }
    await sleep(100);
  }
  await postgres.query(functions);
  await postgres.createTable('claims', []);
  return postgres;
}

class Postgres {
  #run;
  #programs;
  #child;

  constructor(run, programs, home, child) {
    this.#run = run;
    this.#programs = programs;
    this.home = home;
    this.#child = child;
  }

  /** Runs one of PostgreSQL's programs on this cluster. */
  program(name, args, options) {
    const all = ['-h', this.home, '-U', 'postgres', ...args];
    return this.#run.children.run(join(this.#programs, name), all, { cwd: this.home, ...options });
  }

  answers() {
    return this.program('psql', ['-c', 'select 1', 'postgres']).then(
      () => true,
      () => false,
    );
  }

  async query(input, secondsMax) {
    const args = ['-qAt', '-v', 'ON_ERROR_STOP=1', 'postgres'];
    return (await this.program('psql', args, { input, secondsMax })).trim();
  }

  async version() {
    return `PostgreSQL ${(await this.query('show server_version')).split(' ')[0]}`;
  }

  /** A table of claims, indexed by hash, by concept, predicate and time, and as asked for. */
  createTable(name, indexed) {
    const more = indexed.map((column) => `create index on ${name} (${column});`);
    return this.query(`
      create table ${name} (
        hash bytea not null, concept text not null, predicate text not null,
        recorded timestamptz not null, agent text not null, source text, body text not null,
        signatures text
      );
      create unique index on ${name} (hash);
      create index on ${name} (concept, predicate, recorded);
      ${more.join('\n')}`);
  }

  /** Inserts the claims with the numbers `n` of `rows` about what `concept` says, both in SQL. */
  insert(name, rows, concept) {
    return this.query(
      `set synchronous_commit = off;
      insert into ${name} (hash, concept, predicate, recorded, agent, source, body)
      select sha256(convert_to(b, 'UTF8')), p, '${predicate}',
        to_timestamp(${timeMs} / 1000) + n * interval '1 ms', repeat('a', 64), claim_source(n), b
      from ${rows}, lateral (select ${concept} p offset 0) paths,
        lateral (select claim_body(p, n) b offset 0) bodies;`,
      fillSecondsMax,
    );
  }

  /** The claims that questions are about, twenty for each concept; `concept` is SQL of `c`. */
  async fill(concepts, concept) {
    const rows = `generate_series(0, ${concepts - 1}) c,
      generate_series(0, ${candidatesPerConcept - 1}) n`;
    await this.insert('claims', rows, concept);
    await this.query('analyze claims; checkpoint;');
  }

  /** Loads much: whole pages are not logged meanwhile, as nothing loaded needs to be safe. */
  async whileLoading(load) {
    await this.query('alter system set full_page_writes = off;');
    await this.query('select pg_reload_conf();');
    await load();
    await this.query('alter system reset full_page_writes;');
    await this.query('select pg_reload_conf();');
  }

  /** Private memory of all its processes in MiB; the shared buffers are not part of it. */
  memoryMib() {
    return familyMemoryMib(this.#child.pid);
  }

  /** At once when the run is being stopped, in order otherwise. */
  stop() {
    return endChild(this.#child, this.#run.stopping.aborted ? 'SIGQUIT' : 'SIGINT');
  }
}
