/** A disk whose every call is an effect: it happens when the scheduler says so. */
import { basename } from 'node:path';
import type { Disk, DiskFile } from '../../src/io/disk.js';
import type { Scheduler } from './scheduler.js';
import type { SimulatedDisk } from './simulated_disk.js';

export const scheduledDisk = (disk: SimulatedDisk, scheduler: Scheduler): Disk => {
  const effect = <T>(kind: string, path: string, work: () => Promise<T>): Promise<T> =>
    scheduler.effect('node', kind, `${kind} ${basename(path)}`, work);
  const fileOf = (path: string, file: DiskFile): DiskFile => ({
    read: (...place) => effect('read', path, () => file.read(...place)),
    readSync: (...place) => file.readSync(...place),
    write: (source, position) => {
      // The caller may use its buffer again only when the write is done: taken as it is then.
      const { byteLength } = source;
      return effect('write', `${path} ${position}+${byteLength}`, () =>
        file.write(source, position),
      );
    },
    datasync: () => effect('datasync', path, () => file.datasync()),
    truncate: (size) => effect('truncate', path, () => file.truncate(size)),
    size: () => effect('size', path, () => file.size()),
    isAt: (other) => file.isAt(other),
    close: () => effect('close', path, () => file.close()),
  });
  return {
    open: (path, purpose) =>
      effect('open', path, async () => fileOf(path, await disk.open(path, purpose))),
    openSync: (path) => fileOf(path, disk.openSync(path)),
    makeDirectory: (path) => effect('makeDirectory', path, () => disk.makeDirectory(path)),
    syncDirectory: (path) => effect('syncDirectory', path, () => disk.syncDirectory(path)),
    rename: (from, to) => effect('rename', from, () => disk.rename(from, to)),
    remove: (path) => effect('remove', path, () => disk.remove(path)),
    list: (path) => effect('list', path, () => disk.list(path)),
    exists: (path) => effect('exists', path, () => disk.exists(path)),
    freeBytes: (path) => effect('freeBytes', path, () => disk.freeBytes(path)),
    lock: (path) => effect('lock', path, () => disk.lock(path)),
  };
};
