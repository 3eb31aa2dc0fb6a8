import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Strace, straceMissing } from '../../support/strace.js';
import type { Scene } from '../scene.js';
import { claimOf, filled, state } from './database.js';
import type { Troubles } from './trouble.js';

const missing = async (): Promise<string | undefined> => straceMissing();

/** What the disk answers to a sync of the open segment from now on. */
const inject = async (scene: Scene, what: string): Promise<Strace> => {
  const pid = scene.server?.pid ?? 0;
  const paths = [join(scene.walDir, '0000000000000000.wal')];
  return Strace.attach(pid, { call: 'fdatasync', what, paths }, scene.path('/trace'));
};

export const fsyncTroubles: Troubles = {
  'Syncs are slow': {
    missing,
    make: async (scene) => {
      await mkdir(scene.path('/srv/stemedb'), { recursive: true });
      const server = await filled(scene);
      await inject(scene, 'delay_enter=150000');
      const startedMs = performance.now();
      await state(server, 100, 3);
      assert.ok(performance.now() - startedMs > 400, 'each write waits for its sync');
    },
  },
  'A sync has failed': {
    missing,
    make: async (scene) => {
      const server = await filled(scene);
      await inject(scene, 'error=EIO');
      const answer = await server.post('/v1/assert', claimOf(0));
      assert.equal(answer.status, 503, JSON.stringify(answer.body));
      assert.equal(await server.exited, 74, server.output);
    },
  },
};
