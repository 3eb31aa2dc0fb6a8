import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverBinary } from '../../support/server_process.js';
import type { Scene } from '../scene.js';
import { filled, refused } from './database.js';
import type { Troubles } from './trouble.js';

/** A program that listens where the server wants to. */
const takeAddress = async (scene: Scene): Promise<void> => {
  const server = "require('http').createServer((q, a) => a.end('x'))";
  const code = `${server}.listen(${scene.port}, '127.0.0.1')`;
  const taker = spawn(process.execPath, ['-e', `${code}.on('listening', () => console.log(1))`]);
  scene.atEnd(async () => void taker.kill('SIGKILL'));
  await once(taker.stdout, 'data');
  scene.replaced.set('4711', String(taker.pid));
};

/** A server that somebody has started by hand and forgotten, on another port. */
const forgottenServer = async (scene: Scene): Promise<void> => {
  const { walDir, dbDir } = scene;
  const forgotten = spawn(process.execPath, [serverBinary], {
    env: { STEMEDB_WAL_DIR: walDir, STEMEDB_DB_DIR: dbDir, STEMEDB_BIND_ADDR: '127.0.0.1:0' },
  });
  scene.atEnd(async () => void forgotten.kill('SIGKILL'));
  scene.replaced.set('4711', String(forgotten.pid));
  let said = '';
  await new Promise<void>((resolve) => {
    forgotten.stdout.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('listens')) resolve();
    });
  });
};

const otherDatabase = async (scene: Scene): Promise<void> => {
  await filled(scene);
  await scene.stop();
  await rename(scene.dbDir, join(scene.directory, 'first-store'));
  await rename(scene.walDir, join(scene.directory, 'first-log'));
  await filled(scene);
  await scene.stop();
  await rm(scene.walDir, { recursive: true });
  await cp(join(scene.directory, 'first-log'), scene.walDir, { recursive: true });
};

export const serverWontStart: Troubles = {
  'A setting is wrong': {
    make: async (scene) => {
      await filled(scene);
      await scene.stop();
      await scene.set({ STEMEDB_CACHE_SIZ: '64MiB' });
      await refused(scene, 78);
    },
  },
  'The address is taken': {
    make: async (scene) => {
      await filled(scene);
      await scene.stop();
      await takeAddress(scene);
      await refused(scene, 78);
    },
  },
  'Another process uses the data directory': {
    make: async (scene) => {
      await filled(scene);
      await scene.stop();
      await forgottenServer(scene);
      await refused(scene, 75);
    },
  },
  'The data directory cannot be used': {
    make: async (scene) => {
      await filled(scene);
      await scene.stop();
      await rename(scene.walDir, `${scene.walDir}.moved`);
      await writeFile(scene.walDir, 'not a directory');
      await refused(scene, 73);
    },
  },
  'It starts, and everything is gone': {
    make: async (scene) => {
      await filled(scene);
      await scene.stop();
      await rm(scene.dbDir, { recursive: true });
      await scene.set({ STEMEDB_WAL_DIR: `${scene.walDir}l` });
      const server = await scene.start();
      const { body } = await server.get('/v1/health');
      assert.equal((body as { assertion_count: number }).assertion_count, 0);
    },
  },
  'Log and store are of different databases': {
    make: async (scene) => {
      await otherDatabase(scene);
      await refused(scene, 78);
    },
  },
};
