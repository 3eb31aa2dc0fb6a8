import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Scene } from '../scene.js';
import { filled } from './database.js';
import type { Troubles } from './trouble.js';

/** Asks about everything, again and again, over several connections. */
const wideAsker = `
  const ask = async () => {
    for (;;) await (await fetch(process.argv[1] + '/v1/skeptic?prefix=runbook&limit=1000')).text();
  };
  for (let at = 0; at < 4; at += 1) ask().catch(() => process.exit(1));
  setTimeout(() => console.log('asking'), 500);
`;

const startAsker = async (scene: Scene): Promise<void> => {
  const asker = spawn(process.execPath, ['-e', wideAsker, scene.server?.url ?? '']);
  scene.atEnd(async () => void asker.kill('SIGKILL'));
  await once(asker.stdout, 'data');
  scene.replaced.set('4711', String(asker.pid));
  isGone = () => asker.signalCode === 'SIGTERM';
};

let isGone = (): boolean => false;

const cacheHits = async (scene: Scene): Promise<number> => {
  const text = await (await fetch(`${scene.server?.url}/metrics`)).text();
  return Number(/^stemedb_cache_hits_total\{cache="answers?"\} (\d+)$/m.exec(text)?.[1] ?? 0);
};

export const latencyTroubles: Troubles = {
  'One caller asks wide questions': {
    make: async (scene) => {
      await filled(scene, 200);
      await startAsker(scene);
    },
    after: async () => assert.ok(isGone(), 'the caller was ended'),
  },
  'Hardly anything is kept in memory': {
    make: async (scene) => {
      await scene.set({ STEMEDB_CACHE_SIZE: '0' });
      const server = await filled(scene, 50);
      for (let count = 0; count < 20; count += 1) await server.get('/v1/query?prefix=runbook');
      assert.equal(await cacheHits(scene), 0);
    },
    after: async (scene) => {
      for (let count = 0; count < 20; count += 1)
        await scene.server?.get('/v1/query?prefix=runbook');
      assert.ok((await cacheHits(scene)) > 0, 'answers are kept now');
    },
  },
};
