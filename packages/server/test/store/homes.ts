/** Places for engines in tests: a temporary directory or memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbEngine } from '../../src/store/engine_lmdb.js';
import { memoryEngine, newMemoryFiles } from '../../src/store/engine_memory.js';
import { overlayEngine } from '../../src/store/engine_overlay.js';
import type { EngineHome } from '../conformance/engine.js';

export function lmdbHome(): EngineHome & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'stemedb-store-'));
  return {
    path,
    open: () => lmdbEngine(path),
    remove: async () => rmSync(path, { recursive: true, force: true }),
  };
}

export function memoryHome(): EngineHome {
  const files = newMemoryFiles();
  return { open: () => memoryEngine(files), remove: async () => {} };
}

/** An overlay that hands on so early and waits so soon that every test sees it do both. */
export function overlayHome(home: () => EngineHome, handOverChanges: number): () => EngineHome {
  return () => {
    const behind = home();
    const options = { handOverChanges, heldChangesMax: 4 * handOverChanges };
    return { open: () => overlayEngine(behind.open(), options), remove: () => behind.remove() };
  };
}
