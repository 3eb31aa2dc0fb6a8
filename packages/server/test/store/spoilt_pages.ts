/** Spoils LMDB's own pages so that the library, and not the seal of an entry, meets the damage. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the head of a node stands in front of its key. */
const lengthBeforeKey = 8;
const flagsBeforeKey = 4;
const keyLengthBeforeKey = 2;
/** The node's value stands in pages of its own, whose number the node has. */
const isLongFlag = 1;

/** Changes every node of this key, those of older states included; gives how many there were. */
const changeNodes = (
  directory: string,
  key: Uint8Array,
  change: (file: Buffer, keyAt: number) => void,
): number => {
  const path = join(directory, 'data.mdb');
  const file = readFileSync(path);
  let nodes = 0;
  for (let at = file.indexOf(key); at >= 0; at = file.indexOf(key, at + 1)) {
    if (file.readUInt16LE(at - keyLengthBeforeKey) !== key.length) continue;
    change(file, at);
    nodes += 1;
  }
  writeFileSync(path, file);
  return nodes;
};

/**
 * Makes a key's nodes say that its value stands in a page far behind the end of the file. Whoever
 * reads it gets an error of the library, whose transaction refuses all that follows.
 */
export const spoilNode = (directory: string, key: Uint8Array): number =>
  changeNodes(directory, key, (file, at) => {
    const flags = file.readUInt16LE(at - flagsBeforeKey);
    file.writeUInt16LE(flags | isLongFlag, at - flagsBeforeKey);
    file.fill(0x7f, at + key.length, at + key.length + 8);
  });

/** Makes a key's value end behind the file: whoever reads it is ended by a signal. */
export const spoilLength = (directory: string, key: Uint8Array): number =>
  changeNodes(directory, key, (file, at) => {
    file.writeUInt32LE(0x0100_0000, at - lengthBeforeKey);
  });
