/** A small file system of its own, mounted where a scene has its data. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scene } from '../scene.js';

const mebibyte = 1024 * 1024;

const mountAt = (path: string, sizeMiB: number): number | null =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', path]).status;

const unmount = (path: string): void => void spawnSync('umount', ['-l', path]);

/** Why no file system can be mounted here; undefined when one can. */
export const mountMissing = async (): Promise<string | undefined> => {
  const path = await mkdtemp(join(tmpdir(), 'stemedb-mount-'));
  try {
    if (mountAt(path, 1) !== 0) return 'a file system may not be mounted here';
    unmount(path);
    return undefined;
  } finally {
    await rmdir(path);
  }
};

export const mountIn = async (scene: Scene, path: string, sizeMiB: number): Promise<void> => {
  const place = scene.path(path);
  await mkdir(place, { recursive: true });
  assert.equal(mountAt(place, sizeMiB), 0);
  scene.atEnd(async () => unmount(place));
};

/** A file of so many bytes that is really there. */
export const occupy = async (path: string, sizeMiB: number): Promise<void> => {
  const file = await open(path, 'w');
  for (let count = 0; count < sizeMiB; count += 1) await file.write(Buffer.alloc(mebibyte, 1));
  await file.close();
};
