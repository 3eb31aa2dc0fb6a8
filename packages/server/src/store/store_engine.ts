/** The engine that a server runs its store on: LMDB behind the overlay (decision 031). */
import type { Disk } from '../io/disk.js';
import type { Engine } from './engine.js';
import { lmdbEngine } from './engine_lmdb.js';
import { overlayEngine } from './engine_overlay.js';
import { lookAtLmdbHead } from './lmdb_file.js';
import { lmdbPagesFault } from './lmdb_pages.js';
import { beginLife, endLife, uncleanEnds } from './unclean_ends.js';

/** A few ends without order are kills and power cuts. Looking at all pages costs a start some 4 s
 * for each GiB of them. */
const suspectEnds = 3;

/** Opens or creates the store's files in a directory; throws when they are not LMDB's. */
export function storeEngine(disk: Disk, directory: string): Engine {
  return overlayEngine(lmdbEngine(directory, { onClosed: () => endLife(disk, directory) }));
}

/**
 * Why the files must not be opened for a server's life, which begins with this call; undefined when
 * they may be. Looks at the head of the file, and at all of its pages when the head leaves it open
 * or the last lives ended without order: damaged pages can end a process in a way that it cannot
 * tell.
 */
export async function storeFaultAtStart(
  disk: Disk,
  directory: string,
): Promise<string | undefined> {
  const ends = await uncleanEnds(disk, directory);
  const isSuspect = ends >= suspectEnds;
  await beginLife(disk, directory, isSuspect ? 0 : ends);
  const head = await lookAtLmdbHead(disk, directory);
  if ('fault' in head) return head.fault;
  return isSuspect || head.isShort ? lmdbPagesFault(disk, directory) : undefined;
}
