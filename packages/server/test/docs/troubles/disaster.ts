import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scene } from '../scene.js';
import { claims, filled, state } from './database.js';
import { backUp } from './storage.js';
import type { Trouble, Troubles } from './trouble.js';

const count = 30;

/** One pass, as the archiver does each minute. */
const archive = async (scene: Scene): Promise<void> => {
  const { exit, output } = await scene.run('stemedb archive --to /srv/stemedb/archive');
  assert.equal(exit, 0, output);
};

const archiveInThree = async (scene: Scene): Promise<void> => {
  await archive(scene);
  for (const from of [1000, 2000]) {
    await state(scene.server ?? assert.fail('no server'), from, 5);
    await archive(scene);
  }
};

/** Pieces of the open segment, in order. */
const partsIn = async (place: string): Promise<readonly string[]> => {
  const names = await readdir(place, { recursive: true });
  return names
    .filter((name) => name.includes('/parts/'))
    .sort()
    .map((name) => join(place, name));
};

/** A machine that has nothing but what `save` brought to another place. */
const lost = (save: (scene: Scene) => Promise<void>): Trouble => ({
  make: async (scene) => {
    await mkdir(scene.path('/srv/stemedb'), { recursive: true });
    await filled(scene, count);
    await save(scene);
    await scene.stop('SIGKILL');
    for (const path of [scene.walDir, scene.dbDir]) await rm(path, { recursive: true });
  },
  after: async (scene) => assert.equal(await claims(scene), count),
});

/** An installer has started a server, which found nothing and made a database. */
const withEmptyDatabase = (trouble: Trouble): Trouble => ({
  ...trouble,
  make: async (scene) => {
    await trouble.make(scene);
    await scene.start();
  },
});

export const disasterTroubles: Troubles = {
  'There is a backup': lost(backUp),
  'There is an archive': lost((scene) => archive(scene)),
  'There is only a damaged archive': {
    make: async (scene) => {
      await lost(archiveInThree).make(scene);
      const [, middle = ''] = await partsIn(scene.path('/srv/stemedb/archive'));
      await rm(middle);
    },
    // What the second pass put is lost.
    after: async (scene) => assert.equal(await claims(scene), count + 5),
  },
  'There is only an export': lost(async (scene) => {
    const { exit, output } = await scene.run('stemedb export --out /srv/stemedb/records.jsonl');
    assert.equal(exit, 0, output);
  }),
  'There is a copy of the disk': withEmptyDatabase(
    lost((scene) => cp(scene.walDir, scene.path('/srv/stemedb/snapshot/wal'), { recursive: true })),
  ),
  'Nothing is lost yet, but the archive is behind': {
    make: async (scene) => {
      await mkdir(scene.path('/srv/stemedb'), { recursive: true });
      await scene.set({ STEMEDB_ARCHIVE_URL: scene.path('/srv/stemedb/archive') });
      const server = await filled(scene, count);
      await archive(scene);
      await state(server, 1000, 5);
    },
    after: async (scene) => {
      const { output } = await scene.run('stemedb verify /srv/stemedb/archive --json');
      const { copy } = JSON.parse(output) as { readonly copy: { readonly records: number } };
      // The policy is a record too, and the validation states none.
      assert.equal(copy.records, count + 5 + 1);
    },
  },
  'Nothing is lost yet, but the archive is damaged or was not verified': {
    make: async (scene) => {
      await mkdir(scene.path('/srv/stemedb'), { recursive: true });
      await scene.set({ STEMEDB_ARCHIVE_URL: scene.path('/srv/stemedb/archive') });
      await filled(scene, count);
      await archive(scene);
      const [part = ''] = await partsIn(scene.path('/srv/stemedb/archive'));
      await rm(part);
      const { exit, output } = await scene.run('stemedb archive --verify', false);
      assert.equal(exit, 65, output);
    },
    after: async (scene) => {
      const { exit, output } = await scene.run('stemedb archive --verify');
      assert.equal(exit, 0, output);
      assert.match(output, /archive-2/);
    },
  },
};
