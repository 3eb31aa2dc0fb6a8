// A PostgreSQL cluster of its own in a temporary directory, driven by pgbench.
// Reached by its Unix socket, with synchronous_commit on: what it acknowledges is durable too.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './machine.mjs';
import { candidatesPerConcept, claimText, predicate } from './work.mjs';

const debianFolder = '/usr/lib/postgresql';
const startTriesMax = 100;

const schema = `
create table claims (
  hash bytea not null, concept text not null, predicate text not null,
  recorded timestamptz not null, body text not null
);
create unique index on claims (hash);
create index on claims (concept, predicate, recorded);
`;

/** One durable claim: a unique hash, a duplicate changes nothing. */
const insertScript = `
\\set n random(1, 1000000000000000)
insert into claims (hash, concept, predicate, recorded, body)
values (sha256(int8send(:n::bigint)), 'bench/stated/' || (:n::bigint % 50000), '${predicate}',
  now(), :n || '${claimText(0)}' || repeat('x', 200)) on conflict (hash) do nothing;
`;

const selectScript = (concepts) => `
\\set n random(0, ${concepts - 1})
select body from claims where concept = 'bench/asked/' || :n and predicate = '${predicate}'
order by recorded desc limit ${candidatesPerConcept};
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
export async function startPostgres(programs, folder) {
  const user = serverUser();
  const home = join(folder, 'postgres');
  mkdirSync(home, { recursive: true });
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid);
  const data = join(home, 'data');
  const initArgs = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale'];
  execFileSync(join(programs, 'initdb'), initArgs, { ...user, cwd: home, stdio: 'ignore' });
  const settings = ["listen_addresses=''", `unix_socket_directories=${home}`];
  settings.push('synchronous_commit=on', 'fsync=on', 'shared_buffers=512MB', 'max_wal_size=8GB');
  settings.push('max_connections=300');
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting.replaceAll("'", '')])];
  const child = spawn(join(programs, 'postgres'), args, { ...user, cwd: home, stdio: 'ignore' });
  const postgres = new Postgres(programs, home, child);
  for (let tries = 0; !postgres.answers(); tries += 1) {
    if (tries === startTriesMax || child.exitCode !== null)
      throw new Error('PostgreSQL did not start');
    await sleep(100);
  }
  postgres.query(schema);
  return postgres;
}

class Postgres {
  #programs;
  #home;
  #child;

  constructor(programs, home, child) {
    this.#programs = programs;
    this.#home = home;
    this.#child = child;
  }

  #run(program, args, input) {
    const path = join(this.#programs, program);
    const all = ['-h', this.#home, '-U', 'postgres', ...args];
    return spawnSync(path, all, { cwd: this.#home, encoding: 'utf8', input });
  }

  answers() {
    return this.#run('psql', ['-c', 'select 1', 'postgres']).status === 0;
  }

  query(sql) {
    const { status, stdout, stderr } = this.#run(
      'psql',
      ['-qAt', '-v', 'ON_ERROR_STOP=1', 'postgres'],
      sql,
    );
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  version() {
    return `PostgreSQL ${this.query('show server_version').split(' ')[0]}`;
  }

  /** The claims that questions are about, twenty for each concept. */
  fill(concepts) {
    this.query(`
      insert into claims (hash, concept, predicate, recorded, body)
      select sha256(int8send(-1 - c * 100 - k)), 'bench/asked/' || c, '${predicate}',
        now() - k * interval '1 minute', k || '${claimText(0)}' || repeat('x', 200)
      from generate_series(0, ${concepts - 1}) c, generate_series(1, ${candidatesPerConcept}) k;
      analyze claims; checkpoint;`);
  }

  assert(connections, seconds) {
    return this.#bench(insertScript, connections, seconds);
  }

  ask(connections, seconds, concepts) {
    return this.#bench(selectScript(concepts), connections, seconds);
  }

  #bench(script, connections, seconds) {
    const file = join(this.#home, 'script.sql');
    writeFileSync(file, script);
    for (const name of this.#logs()) rmSync(join(this.#home, name));
    const load = ['-n', '-M', 'prepared', '-c', `${connections}`, '-j', '1', '-T', `${seconds}`];
    const log = ['-l', '--log-prefix', join(this.#home, 'latency')];
    const { status, stderr } = this.#run('pgbench', [...load, ...log, '-f', file, 'postgres']);
    if (status !== 0) throw new Error(stderr);
    const times = [];
    for (const name of this.#logs()) {
      for (const line of readFileSync(join(this.#home, name), 'utf8').split('\n')) {
        if (line !== '') times.push(Number(line.split(' ')[2]) / 1000);
      }
    }
    times.sort((a, b) => a - b);
    const rate = times.length / seconds;
    return { rate, p50: percentile(times, 0.5), p99: percentile(times, 0.99), failed: 0 };
  }

  #logs() {
    return readdirSync(this.#home).filter((name) => name.startsWith('latency'));
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGINT');
    await ended;
  }
}
