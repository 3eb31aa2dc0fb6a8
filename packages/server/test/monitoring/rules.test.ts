/** The rules, checked and tested by the programs that they are for. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { documentOf, pathOf, run, skipWithout, textOf } from './programs.js';

const needsPromtool = { skip: skipWithout('prometheus', 'promtool') };
const needsAmtool = { skip: skipWithout('prometheus-alertmanager', 'amtool') };

const rules = textOf('prometheus/stemedb.rules.yml');
const unitTests = ['', '.hours', '.days'].map((span) => `prometheus/stemedb.rules${span}.test.yml`);

const runbookFolder = pathOf('../../docs/runbooks');

interface Alert {
  readonly name: string;
  readonly text: string;
}

/** The rules that alert, each with its lines. */
const alerts: readonly Alert[] = rules.split(/\n(?= {6}- (?:alert|record): )/).flatMap((text) => {
  const name = /^ {6}- alert: (\w+)$/m.exec(text)?.[1];
  return name === undefined ? [] : [{ name, text }];
});

test('promtool accepts configuration and rules', needsPromtool, () => {
  for (const [what, file] of [
    ['config', 'prometheus/prometheus.yml'],
    ['rules', 'prometheus/stemedb.rules.yml'],
  ] as const) {
    const { code, output } = run('promtool', ['check', what, pathOf(file)]);
    assert.equal(code, 0, output);
  }
});

test('amtool accepts the example for Alertmanager', needsAmtool, () => {
  const { code, output } = run('amtool', ['check-config', pathOf('alertmanager/alertmanager.yml')]);
  assert.equal(code, 0, output);
});

for (const file of unitTests) {
  test(`the unit tests of ${file} hold`, needsPromtool, () => {
    const { code, output } = run('promtool', ['test', 'rules', pathOf(file)]);
    assert.equal(code, 0, output);
  });
}

test('every alert has a unit test in which it fires and one in which it does not', () => {
  const tests = unitTests.flatMap((file) =>
    textOf(file)
      .split(/\n(?= {2}- name: )/)
      .slice(1),
  );
  for (const { name } of alerts) {
    const ours = tests.filter((text) => text.includes(`        alertname: ${name}\n`));
    const quiet = ours.filter((text) => text.includes('exp_alerts: []'));
    assert.ok(quiet.length > 0, `${name} is never quiet`);
    assert.ok(ours.length > quiet.length, `${name} never fires`);
  }
  assert.ok(alerts.length >= 20);
});

test('every alert says what it is, how bad, and which runbook helps', () => {
  for (const { name, text } of alerts) {
    assert.match(text, /^ {10}severity: (?:critical|warning)$/m, name);
    for (const key of ['summary', 'description']) {
      assert.match(text, new RegExp(`^ {10}${key}: \\S`, 'm'), `${name}: ${key}`);
    }
    const runbook = /^ {10}runbook_url: docs\/runbooks\/([a-z-]+)\.md$/m.exec(text)?.[1];
    assert.ok(runbook !== undefined, name);
    const page = join(runbookFolder, `${runbook}.md`);
    assert.ok(existsSync(page), `${name}: there is no page ${runbook}`);
    assert.ok(readFileSync(page, 'utf8').includes(name), `${runbook} does not name ${name}`);
  }
});

test('docs/monitoring.md explains every alert, and no other', () => {
  const page = documentOf('monitoring.md');
  const documented = [...page.matchAll(/^\| `(StemeDB\w+)` \| (\w+) \|.*\((runbooks\/[^)]*)\)/gm)];
  const stated = alerts.map(({ name, text }) => [
    name,
    /severity: (\w+)/.exec(text)?.[1],
    /runbook_url: docs\/(\S+)/.exec(text)?.[1],
  ]);
  assert.deepEqual(
    documented.map(([, ...row]) => row),
    stated,
  );
});
