/** Dashboards that Grafana can load: ids, titles, units, places, no data source but the chosen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dashboard, dashboards, dataPanels, type Panel, substituted } from './dashboards.js';
import { documentOf, textOf } from './programs.js';

const distinct = (values: readonly unknown[], what: string): void =>
  assert.equal(new Set(values).size, values.length, `${what}: ${values.join(', ')}`);

const overlap = (a: Panel['gridPos'], b: Panel['gridPos']): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

const checkPlaces = ({ panels }: Dashboard): void => {
  for (const [at, { title, gridPos }] of panels.entries()) {
    assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, `${title} leaves the page`);
    const other = panels.slice(at + 1).find((panel) => overlap(gridPos, panel.gridPos));
    assert.equal(other, undefined, `${title} lies over ${other?.title}`);
  }
};

for (const [name, dashboard] of dashboards) {
  test(`${name} is whole`, () => {
    const panels = dataPanels(dashboard);
    distinct(
      dashboard.panels.map(({ id }) => id),
      'ids',
    );
    distinct(
      dashboard.panels.map(({ title }) => title),
      'titles',
    );
    checkPlaces(dashboard);
    for (const { title, description, fieldConfig, targets = [] } of panels) {
      assert.ok(description !== undefined && description.length > 5, `${title}: no description`);
      assert.ok(fieldConfig?.defaults.unit !== undefined, `${title}: no unit`);
      assert.ok(targets.length > 0, `${title}: no query`);
      distinct(
        targets.map(({ refId }) => refId),
        title,
      );
      for (const { expr, datasource, legendFormat } of targets) {
        assert.equal(datasource.uid, '$' + '{datasource}', title);
        assert.notEqual(legendFormat, '', title);
        assert.match(expr, /instance=~"\$instance"/, title);
        // A zero in the place of no archive would read as one that lacks nothing.
        if (/_archive_/.test(expr)) assert.doesNotMatch(expr, /\bor \(?0 \* [^-]*$/, title);
      }
    }
  });
}

test('each has the variables of data source and node, and a uid of its own', () => {
  for (const { title, templating } of dashboards.values()) {
    const types = templating.list.map(({ name, type }) => `${name}: ${type}`);
    assert.deepEqual(types, ['datasource: datasource', 'instance: query'], title);
  }
  distinct(
    [...dashboards.values()].map(({ uid }) => uid),
    'uids',
  );
  assert.equal(dashboards.size, 3);
});

/** Names of metrics of ours in a text; recorded ones have colons. */
const metricsIn = (text: string): readonly string[] =>
  (text.match(/(?<![\w:/.-])stemedb_[a-z_]+/g) ?? []).map((name) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  );

test('queries and rules name metrics that docs/metrics.md has', () => {
  const page = documentOf('metrics.md');
  const known = new Set([...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name));
  const exprs = [...dashboards.values()].flatMap((dashboard) =>
    dataPanels(dashboard).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  );
  const used = new Set([
    ...exprs.flatMap(metricsIn),
    ...metricsIn(textOf('prometheus/stemedb.rules.yml')),
  ]);
  // `stemedb_wal_segments_count` ends like a part of a histogram.
  const unknown = [...used].filter((name) => !known.has(name) && !known.has(`${name}_count`));
  assert.deepEqual(unknown, []);
  assert.ok(used.size > 20);
});

test('variables are put in as Grafana does it', () => {
  const expr = 'rate(a{instance=~"$instance"}[$__rate_interval])';
  assert.equal(substituted(expr, ['h:1'], 4), 'rate(a{instance=~"h:1"}[4s])');
  const two = 'rate(a{instance=~"(1\\\\.2:3|b)"}[20s])';
  assert.equal(substituted(expr, ['1.2:3', 'b'], 20), two);
});
