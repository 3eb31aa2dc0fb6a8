import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { claims, filled, state } from './database.js';
import { mountIn, mountMissing } from './file_system.js';
import { backUp } from './storage.js';
import type { Troubles } from './trouble.js';

const count = 30;

export const restoreTroubles: Troubles = {
  'The data directory is gone': {
    make: async (scene) => {
      await filled(scene, count);
      await backUp(scene);
      await scene.stop('SIGKILL');
      for (const path of [scene.walDir, scene.dbDir]) await rm(path, { recursive: true });
    },
    after: async (scene) => assert.equal(await claims(scene), count),
  },
  'Back to a moment': {
    make: async (scene) => {
      // As on a machine with a disk for the log, which cannot be moved away as a whole.
      if ((await mountMissing()) === undefined) await mountIn(scene, '/var/lib/stemedb/wal', 600);
      const server = await filled(scene, count);
      await sleep(50);
      scene.replaced.set('2026-01-31T12:00:00Z', new Date().toISOString());
      await sleep(50);
      await state(server, 1000, 5);
    },
    after: async (scene) => assert.equal(await claims(scene), count),
  },
  'The newest backup is too old': {
    make: async (scene) => {
      await filled(scene, count);
      // A disk that was exchanged: nothing of the place is there.
      await rm(scene.path('/var/backups/stemedb'), { recursive: true });
      await mkdir(scene.path('/var/backups'), { recursive: true });
    },
    after: async (scene) => assert.equal(await claims(scene), count),
  },
};
