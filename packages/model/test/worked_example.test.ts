import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  keyPairFromSeed,
  nobleVerify,
  parseAgentId,
  parseSignature,
  readRecord,
  sign,
  verifySignature,
} from '@stemedb/model';

const page = readFileSync(new URL('../../../../docs/worked-example.md', import.meta.url), 'utf8');

const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, body = '']) => body,
  );

const tools = ['bash', 'python3', 'b3sum', 'openssl', 'od', 'tail', 'tr'];
const missing = tools.filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const skip =
  missing.length > 0 && `not on this machine: ${missing.join(', ')} (b3sum is a Debian package)`;

/** What each block of commands prints, run one after the other in an empty directory. */
function runBlocks(commands: readonly string[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'stemedb-example-'));
  try {
    return commands.map((command) => {
      const options = { cwd: directory, encoding: 'utf8' } as const;
      const run = spawnSync('bash', ['-euo', 'pipefail', '-c', command], options);
      assert.equal(run.status, 0, run.stderr);
      return run.stdout.trim();
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the worked example', () => {
  it('prints what the page shows and what the model computes', { skip }, () => {
    const shown = blocks('text').map((text) => text.trim());
    assert.deepEqual(runBlocks(blocks('sh')), shown);

    const [agent = '', record = '', id = '', signature = ''] = shown;
    const keys = keyPairFromSeed(new Uint8Array(32).fill(7));
    assert.equal(keys.agentId, agent);
    const read = readRecord(new TextEncoder().encode(record));
    assert.ok(read.ok);
    assert.equal(read.value.id, id);
    assert.equal(sign('assertion', read.value.id, keys.secretSeed), signature);

    const [agentId, bytes] = [parseAgentId(agent), parseSignature(signature)];
    assert.ok(agentId !== undefined && bytes !== undefined);
    assert.ok(verifySignature('assertion', read.value.id, agentId, bytes, nobleVerify));
  });
});
