import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../scene.js';
import { claimOf, filled } from './database.js';
import { mountIn, mountMissing, occupy } from './file_system.js';
import type { Troubles } from './trouble.js';

/** Little more than what the server keeps free. */
const sizeMiB = 300;
const takenMiB = 60;

/** The reader sees the refusal as a user of the command line does. */
const seeRefusal = async (scene: Scene): Promise<void> => {
  for (;;) {
    const answer = await scene.server?.post('/v1/assert', claimOf(Math.random()));
    if (answer?.status === 507) break;
    assert.equal(answer?.status, 201, JSON.stringify(answer?.body));
    await sleep(100);
  }
  const said = await scene.run('stemedb assert runbook/probe refused true');
  assert.equal(said.exit, 74, said.output);
};

export const diskFull: Troubles = {
  'Something else fills the disk': {
    missing: mountMissing,
    make: async (scene) => {
      await mountIn(scene, '/var/lib/stemedb', sizeMiB);
      await filled(scene);
      await occupy(scene.path('/var/lib/stemedb/core.4711'), takenMiB);
      await seeRefusal(scene);
    },
  },
  'The database has outgrown the disk': {
    missing: mountMissing,
    make: async (scene) => {
      await mountIn(scene, '/var/lib/stemedb/wal', sizeMiB);
      await mkdir(scene.path('/srv/stemedb'), { recursive: true });
      await filled(scene);
      await occupy(scene.path('/var/lib/stemedb/wal/of-another-program'), takenMiB);
      await seeRefusal(scene);
    },
  },
  'The store has outgrown the disk': {
    missing: mountMissing,
    make: async (scene) => {
      await mountIn(scene, '/var/lib/stemedb/db', sizeMiB);
      await mkdir(scene.path('/srv/stemedb'), { recursive: true });
      await filled(scene);
      await occupy(scene.path('/var/lib/stemedb/db/of-another-program'), takenMiB);
      await seeRefusal(scene);
    },
  },
};
