/** One database's life: sessions, kills and starts, and in the end its log and all it answered. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentId, Answer, HlcStamp, WriteAnswer } from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { openReadOnlyLog } from '../../src/ops/read_only_log.js';
import { judge, paths, steward } from '../support/histories/cast.js';
import { wholeHistory } from '../support/histories/whole.js';
import { ReferenceAnswers } from '../support/reference/answers.js';
import { type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { Caller } from './caller.js';
import { violationsOf } from './checker.js';
import { type Read, Recorder } from './recorded.js';
import { type Common, session } from './sessions.js';

const sessions = 6;
const draftsPerChapter = 500;
/** Answers of a chapter that are held against the rules as they are restated, naively. */
const answersCompared = 6;
const configuration = `[policy]\nstewards = ["${steward}"]\nverdict_agents = ["${judge}"]\n`;

export interface ChapterReport {
  readonly writes: number;
  readonly unknown: number;
  readonly reads: number;
  readonly records: number;
  readonly kills: number;
  readonly violations: readonly string[];
}

/** The server of a chapter, killed and started again. */
class Life {
  #server: ServerProcess;
  #isOver = false;
  #starting: Promise<void> = Promise.resolve();

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  readonly url = (): string => this.#server.url;
  readonly isOver = (): boolean => this.#isOver;

  /** Resolves when a server that was killed is there again; one that ended by itself is a fault. */
  readonly back = async (): Promise<void> => {
    await this.#starting;
    const code = await Promise.race([this.#server.exited, sleep(1000, 'running')]);
    if (code !== 'running') throw new Error(`the server ended with ${code}: ${this.output}`);
  };

  get output(): string {
    return this.#server.output;
  }

  /** Kills the server at once and starts it again. */
  async kill(start: () => Promise<ServerProcess>): Promise<void> {
    this.#starting = this.#server.stop('SIGKILL').then(async () => {
      this.#server = await start();
    });
    await this.#starting;
  }

  end(): void {
    this.#isOver = true;
  }

  stop(): Promise<number | null> {
    return this.#server.stop();
  }
}

/** Lives through one database and gives what was wrong with it; `env` is for the server. */
export const liveChapter = async (
  seed: number,
  killsWanted: number,
  env: Readonly<Record<string, string>> = {},
): Promise<ChapterReport> => {
  const random = seeded(seed);
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-history-'));
  const config = join(directory, 'stemedb.toml');
  await writeFile(config, configuration);
  const start = () => ServerProcess.start({ directory, env, args: ['--config', config] });
  const life = new Life(await start());
  try {
    const recorder = new Recorder();
    const common = await prepare(life, random, recorder);
    const callers = Array.from(
      { length: sessions },
      (_, number) => new Caller(number, recorder, life.url),
    );
    const living = callers.map((caller) => session(caller, common, life));
    // Ends early when a session meets what must not be.
    await Promise.race([Promise.all(living), passTime(life, common, killsWanted, start)]);
    life.end();
    await Promise.all(living);
    await askAllAgain(callers, recorder);
    await life.stop();
    const records = await recordsOf(directory);
    return {
      writes: recorder.writes.length,
      unknown: recorder.writes.filter(({ said }) => said.type === 'unknown').length,
      reads: recorder.reads.length,
      records: records.length,
      kills: killsWanted,
      violations: [
        ...violationsOf(recorder, records),
        ...ruleViolations(random, recorder.reads, records),
      ],
    };
  } finally {
    life.end();
    await life.stop();
    await rm(directory, { recursive: true, force: true });
  }
};

/** Learns who the node is, which states what is not signed, and what will be told. */
const prepare = async (life: Life, random: Seeded, recorder: Recorder): Promise<Common> => {
  const body = JSON.stringify({ concept_path: 'history', predicate: 'begins', value: true });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${life.url()}/v1/assert`, { method: 'POST', headers, body });
  const { id, record } = (await answer.json()) as WriteAnswer;
  recorder.sent.add(id);
  const node = (record as { agent_id: AgentId }).agent_id;
  const startMs = Date.now() - 60_000;
  const steps = wholeHistory(random, { length: draftsPerChapter, startMs, node });
  const drafts = steps.map(({ draft }) => draft).filter((draft) => Caller.writes(draft));
  return { random, recorder, drafts: drafts.reverse(), told: [] };
};

/** Until everything is told; kills on the way. */
const passTime = async (
  life: Life,
  { random, drafts }: Common,
  killsWanted: number,
  start: () => Promise<ServerProcess>,
): Promise<void> => {
  const whole = drafts.length;
  for (let kill = 1; kill <= killsWanted; kill += 1) {
    // At some point of this kill's share of what is told.
    const point = whole * (1 - (kill - random.fraction()) / killsWanted);
    while (drafts.length > point && !life.isOver()) await sleep(5);
    await life.kill(start);
  }
  while (drafts.length > 0 && !life.isOver()) await sleep(5);
};

/** A part of the questions once more, as of their moment, when all is told. */
const askAllAgain = async (callers: readonly Caller[], recorder: Recorder): Promise<void> => {
  const asked = [...recorder.reads];
  await Promise.all(
    callers.map(async (caller, number) => {
      for (let at = number; at < asked.length; at += callers.length) {
        const { question, isMoving, asOf } = asked[at] ?? { question: '', asOf: '' as HlcStamp };
        const members = Object.fromEntries(new URLSearchParams(question));
        const answer = await caller.ask(members, { isMoving: isMoving ?? false, asOf });
        if (answer === undefined) throw new Error('the server went before the end');
      }
    }),
  );
};

const recordsOf = async (directory: string): Promise<readonly MergeRecord[]> => {
  const log = await openReadOnlyLog(systemDisk, join(directory, 'wal'));
  if (!log.ok) throw new Error(log.error.detail);
  const records: MergeRecord[] = [];
  for await (const chunk of log.value.iterate({ sequence: 1 })) records.push(...chunk);
  return records;
};

/** Who takes part in some answers, against the rules restated from the specification. */
function* ruleViolations(
  random: Seeded,
  reads: readonly Read[],
  records: readonly MergeRecord[],
): Generator<string> {
  const comparable = reads.filter(({ question }) => question.includes('explain=true'));
  const about = comparable.filter(({ question }) =>
    paths.some((path) => question.startsWith(`${new URLSearchParams({ concept_path: path })}&`)),
  );
  for (const { question, asOf, results } of random.shuffled(about).slice(0, answersCompared)) {
    const asked = new URLSearchParams(question);
    const reference = new ReferenceAnswers(records, asOf);
    const conceptPath = asked.get('concept_path') ?? '';
    const expected = reference.candidates({ conceptPath });
    const answer = JSON.parse(`{${results}}`) as Pick<Answer, 'results'>;
    for (const { predicate, explain } of answer.results) {
      const { candidates } = explain as { candidates: { assertion: string }[] };
      const shown = candidates.map(({ assertion }) => assertion).sort();
      const wanted = (expected.get(predicate) ?? []).map(({ assertion }) => assertion);
      if (shown.join() !== wanted.join()) {
        const counts = `${shown.length} candidates, the rules ${wanted.length}`;
        yield `${question} as of ${asOf} shows ${counts}`;
      }
    }
  }
}
