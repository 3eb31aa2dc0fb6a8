import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseKeyFile } from '@stemedb/client';
import type { Scene } from '../scene.js';
import { filled } from './database.js';
import type { Troubles } from './trouble.js';

const keyFile = '/srv/stemedb/agent.key.json';

const vkeyIn = async (scene: Scene, file: string): Promise<string | undefined> =>
  (await readFile(scene.path(file), 'utf8')).split('\n')[0];

const signed = async (scene: Scene, predicate: string): Promise<void> => {
  const said = await scene.run(`stemedb assert runbook/probe ${predicate} 1 --key ${keyFile}`);
  assert.equal(said.exit, 0, said.output);
};

/** Values of a predicate that still count. */
const countOf = async (scene: Scene, predicate: string): Promise<number> => {
  const answer = await scene.server?.get(
    `/v1/query?concept_path=runbook/probe&predicate=${predicate}`,
  );
  const body = answer?.body as { readonly results: readonly unknown[] } | undefined;
  return body?.results.length ?? -1;
};

export const keyTroubles: Troubles = {
  'The key of the node': {
    make: async (scene) => {
      await mkdir(scene.path('/srv/stemedb'), { recursive: true });
      await filled(scene);
    },
    after: async (scene) => {
      const origin = await vkeyIn(scene, '/srv/stemedb/checkpoint-before.txt');
      assert.notEqual(await vkeyIn(scene, '/srv/stemedb/checkpoint-after.txt'), origin);
    },
  },
  'The key of an agent': {
    make: async (scene) => {
      await mkdir(scene.path('/srv/stemedb'), { recursive: true });
      await filled(scene);
      const made = await scene.run(`stemedb keys generate --out ${keyFile}`);
      assert.equal(made.exit, 0, made.output);
      const key = parseKeyFile(await readFile(scene.path(keyFile), 'utf8'));
      assert.ok(key.ok);
      const known = JSON.stringify({ agent_id: key.value.agentId });
      await writeFile(scene.path('/srv/stemedb/agent.json'), known);
      await signed(scene, 'true_one');
      await sleep(50);
      scene.replaced.set('2026-01-31T12:00:00Z', new Date().toISOString());
      await sleep(50);
      await signed(scene, 'forged_one');
      await signed(scene, 'forged_two');
    },
    after: async (scene) => {
      assert.equal(await countOf(scene, 'true_one'), 1);
      for (const forged of ['forged_one', 'forged_two']) {
        assert.equal(await countOf(scene, forged), 0, forged);
      }
    },
  },
};
