/** The engine that a server runs its store on: LMDB behind the overlay (decision 031). */
import type { Engine } from './engine.js';
import { lmdbEngine } from './engine_lmdb.js';
import { overlayEngine } from './engine_overlay.js';

/** Opens or creates the store's files in a directory; throws when they are not LMDB's. */
export function storeEngine(directory: string): Engine {
  return overlayEngine(lmdbEngine(directory));
}
