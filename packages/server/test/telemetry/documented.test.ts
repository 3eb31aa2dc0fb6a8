/** The metrics are exactly those of docs/metrics.md, with type, labels and meaning. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createTelemetry } from '../../src/telemetry/registry.js';
import { someReadings } from './readings.js';

const page = readFileSync(new URL('../../../../../docs/metrics.md', import.meta.url), 'utf8');

/** The text of a node's metrics after each kind of event has happened once. */
const metricsText = (): Promise<string> => {
  const telemetry = createTelemetry();
  telemetry.log.writeFailed?.({ code: 'disk_full', detail: 'No room.' });
  telemetry.http.requestFinished({ method: 'GET', route: '/v1/x', status: 200, seconds: 0.1 });
  const asked = { endpoint: 'query', lens: 'recency', seconds: 0.2, failure: undefined };
  telemetry.query.answered(asked);
  telemetry.cache.looked('answers', true);
  telemetry.cache.looked('candidates', false);
  telemetry.observe(someReadings);
  return telemetry.text();
};

/** Names of the labels of a metric, less that of a histogram's buckets. */
const labelsOf = (text: string, name: string): readonly string[] => {
  const sample = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, 'm').exec(text)?.[1] ?? '';
  const labels = [...sample.matchAll(/(\w+)="/g)].map((match) => match[1] ?? '');
  return labels.filter((label) => label !== 'le').sort();
};

test('docs/metrics.md lists every metric of ours, and no other', async () => {
  const text = await metricsText();
  const rows = [...text.matchAll(/^# HELP (stemedb_\w+) (.*)\n# TYPE \w+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) => {
      const labels = labelsOf(text, name).map((label) => `\`${label}\``);
      return `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`;
    },
  );
  const documented = page.split('\n').filter((line) => line.startsWith('| `'));
  assert.deepEqual(documented, rows.sort());
  assert.ok(rows.length > 15);
});

test('all else is of the process and of Node.js', async () => {
  const text = await metricsText();
  const names = [...text.matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1] ?? '');
  const others = names.filter((name) => !/^(stemedb|process|nodejs)_/.test(name));
  assert.deepEqual(others, []);
});
