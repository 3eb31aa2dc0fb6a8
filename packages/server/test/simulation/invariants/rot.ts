/**
 * After one bit was turned on the medium: what is read is right or refused, never wrong and never
 * missing. A closed log ends with a mark, so a bit in it is never taken for a torn tail.
 */
import { canonicalBytes, type JsonValue } from '@stemedb/model';
import type { Database } from '../../../src/bin/database.js';
import { hold } from '../ledger.js';
import { type World, walDir } from '../world.js';

const turnBit = (world: World, what: 'log' | 'store'): string => {
  const { disk, engineFiles, random } = world;
  if (what === 'store') return engineFiles.rot(random) ? 'an entry of the store' : 'nothing';
  const paths = disk.pathsIn(walDir).filter((path) => disk.peek(path).length > 0);
  const path = random.pick(paths);
  const bit = random.below(disk.peek(path).length * 8);
  disk.flipBit(path, bit);
  return `bit ${bit} of ${path}`;
};

/** What says that damage was found. */
const found: ReadonlySet<string> = new Set([
  'log_corrupt',
  'store_corrupt',
  'database_mismatch',
  'format_too_new',
]);

export const checkRot = async (world: World, what: 'log' | 'store'): Promise<void> => {
  const node = await world.stopped();
  const { lastSequence } = node.log;
  const turned = turnBit(world, what);
  world.trace(`turned ${turned}`);
  const opened = await world.open();
  if (!opened.ok) {
    const { code, detail } = opened.error;
    world.note('rot refused at the start');
    hold(found.has(code), 'damage is named', () => `${turned}: ${code}: ${detail}`);
    return;
  }
  hold(opened.value.log.lastSequence >= lastSequence, 'damage loses nothing silently', () => {
    return `${turned}: ${opened.value.log.lastSequence} of ${lastSequence}`;
  });
  if (opened.value.report.storeRebuilt !== undefined) world.note('rot had the store rebuilt');
  await readAll(world, opened.value, turned);
};

const readAll = async (world: World, node: Database, turned: string): Promise<void> => {
  const { acknowledged, sent } = world.ledger;
  const principal = { type: 'node', agentId: node.agentId } as const;
  for (const [id, { stamp }] of acknowledged) {
    const read = await node.query.record(principal, id);
    if (!read.ok) {
      const { code } = read.error;
      world.note('rot refused on reading');
      hold(found.has(code), 'damage is refused', () => `${turned}: ${id}: ${code}`);
      continue;
    }
    const { record, recorded_stamp } = read.value;
    const served = canonicalBytes(record as unknown as JsonValue);
    const isRight = Buffer.compare(served, sent.get(id)?.bytes ?? Buffer.alloc(0)) === 0;
    hold(isRight && recorded_stamp === stamp, 'damage is never served', () => {
      return `${turned}: ${id}`;
    });
  }
};
