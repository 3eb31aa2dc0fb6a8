/** Spoils LMDB's own pages so that the library, and not the seal of an entry, meets the damage. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of a node in front of its key: length of the value (4), flags (2), length of the key (2). */
const flagsBeforeKey = 4;
const keyLengthBeforeKey = 2;
/** The node's value stands in pages of its own, whose number the node has. */
const isLongFlag = 1;

/**
 * Makes every node of this key say that its value stands in a page far behind the end of the file.
 * Whoever reads it gets an error of the library, whose transaction refuses all that follows.
 * Gives how many nodes there were, those of older states included.
 */
export const spoilNode = (directory: string, key: Uint8Array): number => {
  const path = join(directory, 'data.mdb');
  const file = readFileSync(path);
  let nodes = 0;
  for (let at = file.indexOf(key); at >= 0; at = file.indexOf(key, at + 1)) {
    if (file.readUInt16LE(at - keyLengthBeforeKey) !== key.length) continue;
    const flags = file.readUInt16LE(at - flagsBeforeKey);
    file.writeUInt16LE(flags | isLongFlag, at - flagsBeforeKey);
    file.fill(0x7f, at + key.length, at + key.length + 8);
    nodes += 1;
  }
  writeFileSync(path, file);
  return nodes;
};
