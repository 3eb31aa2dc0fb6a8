/** A real Prometheus on a free loopback port, with the files of deploy/monitoring. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/server_process.js';
import { pathOf, textOf } from './programs.js';

/** The shipped configuration for another target, asked each second; nobody is alerted. */
const configFor = (target: string): string => {
  const changes: readonly [RegExp, string][] = [
    [/scrape_interval: \d+s/g, 'scrape_interval: 1s'],
    [/scrape_timeout: \d+s/g, 'scrape_timeout: 1s'],
    [/evaluation_interval: \d+s/g, 'evaluation_interval: 1s'],
    [/127\.0\.0\.1:18180/g, target],
    [/^alerting:\n(?: .*\n)+/m, ''],
  ];
  return changes.reduce((text, [pattern, by]) => {
    if (text.search(pattern) < 0) throw new Error(`prometheus.yml has no ${pattern}`);
    return text.replace(pattern, by);
  }, textOf('prometheus/prometheus.yml'));
};

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Values by time, as text. */
  readonly values: readonly string[];
}

export class PrometheusProcess {
  readonly #url: string;
  readonly #child: ChildProcess;
  readonly #directory: string;
  #output = '';

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#child = child;
    this.#directory = directory;
    this.#url = `http://127.0.0.1:${port}`;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-10_000);
    });
  }

  /** Starts one that asks `target` each second; resolves when it answers. */
  static async start(target: string): Promise<PrometheusProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-prometheus-'));
    await writeFile(join(directory, 'prometheus.yml'), configFor(target));
    const rules = 'stemedb.rules.yml';
    await copyFile(pathOf(`prometheus/${rules}`), join(directory, rules));
    const port = await freePort();
    const words = [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const child = spawn('prometheus', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const prometheus = new PrometheusProcess(child, directory, port);
    await prometheus.#ready();
    return prometheus;
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + 120_000;
    while (performance.now() < deadline && this.#child.exitCode === null) {
      const answer = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
      if (answer?.status === 200) return;
      await sleep(50);
    }
    throw new Error(`Prometheus is not ready (exit ${this.#child.exitCode}):\n${this.#output}`);
  }

  /** What the API answers; `data` of it. */
  async api(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const answer = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(query)}`);
    const said = (await answer.json()) as { readonly data?: unknown; readonly error?: string };
    if (said.error !== undefined) throw new Error(`${query.query ?? path}: ${said.error}`);
    return said.data;
  }

  /** A query over the last seconds, as a panel sends it. */
  async range(query: string, seconds: number): Promise<readonly Series[]> {
    const end = Date.now() / 1000;
    const times = { start: String(end - seconds), end: String(end), step: '1' };
    const data = (await this.api('query_range', { query, ...times })) as {
      readonly result: readonly {
        readonly metric: Series['metric'];
        readonly values: readonly (readonly [number, string])[];
      }[];
    };
    return data.result.map(({ metric, values }) => ({
      metric,
      values: values.map(([, value]) => value),
    }));
  }

  /** Ends it and removes what it has stored. */
  async remove(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}
