/** A process that reads every entry of an LMDB directory, in order and by key, and writes to it. */
import { lmdbEngine } from '../../src/store/engine_lmdb.js';

const engine = lmdbEngine(process.argv[2] ?? '');
const range = { gte: Buffer.from([0]), lt: Buffer.from([0xff]) };
for (const { key } of engine.range(range)) engine.get(key);
for (const { key } of engine.range({ ...range, reverse: true })) engine.get(key);
for (let round = 0; round < 3; round += 1) {
  const value = Buffer.alloc(1000, round);
  await engine.commit(
    Array.from({ length: 50 }, (_, number) => ({
      type: 'put',
      key: Buffer.from(`\x10key new ${number}`),
      value,
    })),
  );
  await engine.flush();
}
await engine.close();
