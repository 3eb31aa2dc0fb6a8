/** The configuration of Envoy against its published definitions; Envoy itself is not run here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { envoyFaults } from './envoy_schema.js';
import { root } from './release.js';

const text = readFileSync(join(root, 'deploy/envoy/envoy.yaml'), 'utf8');
const read = (changed: string) => parse(changed, { merge: true });

test('every field, type, choice and extension is one that Envoy has', async () => {
  assert.deepEqual(await envoyFaults(read(text)), []);
});

const planted: readonly (readonly [what: string, from: string, to: string, found: RegExp])[] = [
  ['a misspelt field', 'lb_policy:', 'lb_polici:', /lb_polici is no field of .*Cluster/],
  ['a misspelt choice', 'ROUND_ROBIN', 'ROUND_ROBBIN', /lb_policy is none of/],
  ['a time without unit', 'timeout: 3s', 'timeout: 3', /timeout is no Duration/],
  ['an unknown extension', 'rbac.v3.RBAC', 'rbac.v3.RBACK', /unknown type/],
  ['a field of an extension', 'stat_prefix:', 'stat_prefx:', /stat_prefx is no field/],
  ['what is required', 'unhealthy_threshold: 3\n', '\n', /lacks unhealthy_thr/],
  ['a wrong type', 'num_retries: 1', 'num_retries: once', /num_retries is no UInt32Value/],
];

for (const [what, from, to, found] of planted) {
  test(`${what} is noticed`, async () => {
    assert.ok(text.includes(from));
    const changed = text.replace(from, to);
    assert.match((await envoyFaults(read(changed))).join('\n'), found);
  });
}

test('nodes are asked every 5 s, with 3 s to answer; 2 bring one back, 3 take one out', () => {
  const [cluster] = read(text).static_resources.clusters;
  const [check] = cluster.health_checks;
  const { interval, timeout, healthy_threshold, unhealthy_threshold, http_health_check } = check;
  assert.deepEqual([interval, timeout], ['5s', '3s']);
  assert.deepEqual([healthy_threshold, unhealthy_threshold], [2, 3]);
  assert.equal(http_health_check.path, '/v1/health');
  assert.equal(cluster.connect_timeout, '5s');
});
