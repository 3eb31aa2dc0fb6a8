/**
 * A real Prometheus, with the configuration and rules that are shipped, asks a real server under
 * load; then every query of every panel is run as Grafana would, and must have data.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { directoriesOf, runCli } from '../support/cli_process.js';
import { ServerProcess } from '../support/server_process.js';
import { dashboards, dataPanels, substituted } from './dashboards.js';
import { MonitoredLoad } from './load.js';
import { run, skipWithout } from './programs.js';
import { PrometheusProcess } from './prometheus.js';

const skip = skipWithout('prometheus', 'prometheus', 'promtool');

/** Grafana takes rates over four scrapes at least; on a busy machine some do not come. */
const rateSeconds = 15;

interface Watched {
  readonly server: ServerProcess;
  readonly prometheus: PrometheusProcess;
  readonly instance: string;
}

/** Runs the work while load goes on and enough scrapes are there. */
const whileWatched = async (work: (watched: Watched) => Promise<void>): Promise<void> => {
  const server = await ServerProcess.start({ env: { STEMEDB_ARCHIVE_URL: './archive' } });
  const load = new MonitoredLoad(server);
  try {
    const instance = new URL(server.url).host;
    const prometheus = await PrometheusProcess.start(instance);
    try {
      await scraped(prometheus, 8);
      await work({ server, prometheus, instance });
    } finally {
      await prometheus.remove();
    }
  } finally {
    await load.stop().finally(() => server.remove());
  }
};

const eventually = async (isSo: () => Promise<boolean>, what: string): Promise<void> => {
  const deadline = performance.now() + 120_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `${what}: it does not come`);
    await sleep(200);
  }
};

/** Resolves when the node was asked so many times. */
const scraped = (prometheus: PrometheusProcess, times: number): Promise<void> =>
  eventually(async () => {
    const [series] = await prometheus.range('sum(sum_over_time(up{job="stemedb"}[1h]))', 0);
    return Number(series?.values.at(-1)) >= times;
  }, 'Prometheus asks the node');

const checkPanels = async ({ prometheus, instance }: Watched): Promise<number> => {
  const empty: string[] = [];
  let panels = 0;
  for (const { title, ...dashboard } of dashboards.values()) {
    for (const panel of dataPanels({ title, ...dashboard })) {
      panels += 1;
      for (const { refId, expr } of panel.targets ?? []) {
        const series = await prometheus.range(substituted(expr, [instance], rateSeconds), 3);
        const isThere = series.some(({ values }) =>
          values.some((value) => Number.isFinite(+value)),
        );
        if (!isThere) empty.push(`${title}, ${panel.title}, ${refId}: ${expr}`);
      }
    }
  }
  assert.equal(empty.join('\n'), '');
  return panels;
};

const checkVariables = async ({ prometheus, instance }: Watched): Promise<void> => {
  for (const { title, templating, annotations } of dashboards.values()) {
    for (const { definition } of templating.list.filter(({ type }) => type === 'query')) {
      const [, metric = '', label = ''] =
        /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? [];
      const values = await prometheus.api(`label/${label}/values`, { 'match[]': metric });
      assert.deepEqual(values, [instance], title);
    }
    for (const { expr } of annotations.list) {
      await prometheus.range(substituted(expr, [instance], rateSeconds), 3);
    }
  }
};

interface Rule {
  readonly name: string;
  readonly type: 'recording' | 'alerting';
  readonly health: string;
  readonly lastError?: string;
}

const checkRules = async ({ prometheus }: Watched): Promise<void> => {
  const { groups } = (await prometheus.api('rules')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 30);
  for (const { name, health, lastError } of rules) assert.equal(health, 'ok', name + lastError);
  for (const { name } of rules.filter(({ type }) => type === 'recording')) {
    const series = await prometheus.range(name, 3);
    assert.ok(series.length > 0, name);
  }
};

/** Names that the specification or the runtime gives, against the custom of Prometheus. */
const knownComplaints =
  /^(?:stemedb_assertions_total|stemedb_wal_segments_count|nodejs_\w+|process_\w+) /;

const checkExposition = async ({ server }: Watched): Promise<void> => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const { output } = run('promtool', ['check', 'metrics'], text);
  const complaints = output.split('\n').filter((line) => line !== '');
  assert.deepEqual(
    complaints.filter((line) => !knownComplaints.test(line)),
    [],
  );
};

/** What `stemedb` does beside the server is in the metrics a moment later. */
const checkCopies = async ({ server, prometheus }: Watched): Promise<void> => {
  const { directory } = server;
  const startedSeconds = Math.floor(Date.now() / 1000);
  const [never] = await prometheus.range('stemedb_archive_last_success_timestamp_seconds', 3);
  assert.ok(never?.values.every((value) => value === '0'));
  const commands = [
    ['backup', '--to', join(directory, 'backups')],
    ['archive', '--to', join(directory, 'archive')],
    ['verify'],
  ];
  for (const words of commands) {
    const ended = await runCli(...words, ...directoriesOf(directory));
    assert.equal(ended.exit, 0, ended.err + ended.out);
    const name = `stemedb_${words[0]}_last_success_timestamp_seconds`;
    await eventually(async () => {
      const [series] = await prometheus.range(name, 0);
      const seconds = Number(series?.values.at(-1));
      return seconds >= startedSeconds && seconds <= Date.now() / 1000;
    }, name);
  }
};

test('every panel and rule has data of a loaded node', { skip, timeout: 300_000 }, () =>
  whileWatched(async (watched) => {
    assert.deepEqual(await watched.prometheus.range('stemedb_no_such_metric', 3), []);
    await checkCopies(watched);
    assert.ok((await checkPanels(watched)) > 40);
    await checkVariables(watched);
    await checkRules(watched);
    await checkExposition(watched);
  }),
);
