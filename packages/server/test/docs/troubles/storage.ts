import assert from 'node:assert/strict';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scene } from '../scene.js';
import { claims, filled, refused } from './database.js';
import type { Troubles } from './trouble.js';

const count = 60;

/** As the nightly timer does it. */
export const backUp = async (scene: Scene): Promise<void> => {
  const { exit, output } = await scene.run('stemedb backup --to /var/backups/stemedb');
  assert.equal(exit, 0, output);
};

/** One bit in the middle of the log. */
const damageLog = async (scene: Scene): Promise<void> => {
  const path = join(scene.walDir, '0000000000000000.wal');
  const bytes = await readFile(path);
  const at = bytes.indexOf(`"value":${count / 2}}`) + 8;
  assert.ok(at > 8);
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  await writeFile(path, bytes);
};

/** Pages of the engine's file, behind its two heads. */
const damageStore = async (scene: Scene): Promise<void> => {
  const file = await open(join(scene.dbDir, 'data.mdb'), 'r+');
  const { size } = await file.stat();
  for (let at = 2 * 4096; at < size; at += 4096) {
    await file.write(Buffer.from([0xa5, 0x5a]), 0, 2, at + 4000);
  }
  await file.close();
};

const all = async (scene: Scene): Promise<void> => assert.equal(await claims(scene), count);

const allButOne = async (scene: Scene): Promise<void> => {
  assert.equal(await claims(scene), count - 1, 'all but the damaged one');
};

export const storageTroubles: Troubles = {
  'The store is damaged': {
    make: async (scene) => {
      await filled(scene, count);
      await scene.stop();
      await damageStore(scene);
    },
    after: all,
  },
  'The log is damaged, and a backup has what is lost': {
    make: async (scene) => {
      await filled(scene, count);
      await backUp(scene);
      await scene.stop();
      await damageLog(scene);
      await refused(scene, 65);
    },
    after: all,
  },
  'The log is damaged, and no copy has what is lost': {
    make: async (scene) => {
      await filled(scene, count);
      await scene.stop();
      await damageLog(scene);
      await refused(scene, 65);
    },
    after: allButOne,
  },
  'The identity is damaged or missing': {
    make: async (scene) => {
      await filled(scene, count);
      await backUp(scene);
      await scene.stop();
      await rm(join(scene.walDir, 'identity'));
      await refused(scene, 65);
    },
    after: all,
  },
};
