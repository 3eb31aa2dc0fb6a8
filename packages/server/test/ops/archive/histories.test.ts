/**
 * Random histories: a log grows, rotates, is closed, killed and struck by power cuts, while passes
 * run to their end or break off between, before or after any two operations on the objects. At any
 * moment the archive opens to a beginning of the log that has all that a finished pass covered.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openArchiveCopy } from '../../../src/ops/archive/archive_copy.js';
import type { Archiver } from '../../../src/ops/archive/archiver.js';
import { SeededRandom } from '../../simulation/seeded_random.js';
import { FaultyObjects } from '../../support/faulty_objects.js';
import { countOf, seedsOf } from '../../support/seeded.js';
import { ArchiveRoom, assertCopy, copyAt } from './room.js';

const stepsMax = 40;

const grow = async (room: ArchiveRoom, random: SeededRandom): Promise<void> => {
  if (!room.isRunning) await room.start();
  const batches = 1 + random.below(6);
  for (let batch = 0; batch < batches; batch += 1) await room.append(1 + random.below(9));
  if (random.chance(0.7)) await room.log.mark();
};

/** What the machine does to the log; what was durable stays. */
const disturb = async (room: ArchiveRoom, random: SeededRandom): Promise<void> => {
  if (!room.isRunning) return room.start();
  const kind = random.below(3);
  if (kind === 0) await room.stop();
  if (kind === 1) await room.stop(true);
  if (kind === 2) {
    await room.stop(true);
    room.disk.crash(random.next());
  }
  if (random.chance(0.5)) await room.start();
};

/** Breaks off at one of the next operations; sometimes the operation is done all the same. */
const plan = (room: ArchiveRoom, random: SeededRandom): void => {
  let left = random.below(12);
  const kind = random.chance(0.5) ? 'before' : 'after';
  room.place.fault = () => {
    left -= 1;
    return left < 0 ? kind : undefined;
  };
};

class History {
  readonly #room: ArchiveRoom;
  readonly #random: SeededRandom;
  /** Records that a finished pass has covered. */
  covered = 0;
  broken = 0;
  /** Two programs that use the same archive. */
  #archivers;

  constructor(room: ArchiveRoom, random: SeededRandom) {
    this.#room = room;
    this.#random = random;
    this.#archivers = [room.newArchiver(), room.newArchiver()];
  }

  async step(): Promise<void> {
    const [room, random] = [this.#room, this.#random];
    const choice = random.below(10);
    if (choice < 3) await grow(room, random);
    else if (choice < 4) await disturb(room, random);
    else if (choice < 5) await room.clock.advance(random.below(20 * 60_000));
    else await this.#pass(choice < 7);
    await this.#check();
  }

  async #pass(isCut: boolean): Promise<void> {
    const random = this.#random;
    const at = random.below(2);
    if (random.chance(0.2)) this.#archivers[at] = this.#room.newArchiver();
    if (isCut) plan(this.#room, random);
    const passed = await this.#archivers[at]?.pass();
    this.#room.place.fault = undefined;
    if (passed?.ok === true) this.covered = Math.max(this.covered, passed.value.position);
    else {
      assert.equal(passed?.error.code, 'not_ready', passed?.error.detail);
      this.broken += 1;
      // The process ended with it.
      this.#archivers[at] = this.#room.newArchiver();
    }
  }

  async #check(): Promise<void> {
    const store = new FaultyObjects(this.#room.place);
    const opened = await openArchiveCopy({ store });
    if (opened.ok) await assertCopy(opened.value, this.covered);
    else assert.deepEqual([opened.error.code, this.covered], ['not_found', 0]);
  }
}

it('opens to a beginning of the log that has all that a finished pass covered', async (context) => {
  const seeds = seedsOf(countOf(20, 3000));
  let [covered, broken] = [0, 0];
  for (const seed of seeds) {
    try {
      const random = new SeededRandom(seed);
      const room = await ArchiveRoom.make(seed, 1500 + random.below(6000));
      const history = new History(room, random);
      const steps = 5 + random.below(stepsMax);
      for (let step = 0; step < steps; step += 1) await history.step();
      if (!room.isRunning) await room.start();
      await room.log.mark();
      const { position } = await room.pass(room.newArchiver());
      assert.equal(position, room.log.lastSequence);
      if (position > 0) await assertCopy(await copyAt(room.place), position);
      covered += position;
      broken += history.broken;
    } catch (error) {
      const what = error instanceof Error ? error.stack : String(error);
      throw new Error(`seed ${seed} (STEMEDB_SEED=${seed} runs it alone): ${what}`);
    }
  }
  context.diagnostic(`${seeds.length} histories, ${covered} records, ${broken} passes broken off`);
  if (seeds.length > 1) assert.ok(broken > seeds.length, 'passes were broken off');
});

it('loses no head to two archivers that pass at the same time', async () => {
  for (const seed of seedsOf(countOf(15, 1000))) {
    const random = new SeededRandom(seed);
    const room = await ArchiveRoom.make(seed, 3000);
    const archivers = [room.newArchiver(), room.newArchiver(), room.newArchiver()];
    let covered = 0;
    for (let round = 0; round < 12; round += 1) {
      await grow(room, random);
      const passes = await Promise.all(archivers.map((archiver) => archiver.pass()));
      for (const passed of passes) {
        if (passed.ok) covered = Math.max(covered, passed.value.position);
        else assert.equal(passed.error.code, 'conflict', `seed ${seed}: ${passed.error.detail}`);
      }
      if (covered > 0) await assertCopy(await copyAt(room.place), covered);
    }
    assert.ok(covered > 0);
  }
});

/** As many commits by another archiver as make all heads go that the first one knew. */
const overtake = async (room: ArchiveRoom, by: Archiver): Promise<void> => {
  for (let at = 0; at < 12; at += 1) {
    await room.append(1);
    await room.log.mark();
    await room.pass(by);
  }
};

it('goes on from what another put, when the heads that it knew are removed', async () => {
  const room = await ArchiveRoom.make(1, 64 * 1024);
  const [one, other] = [room.newArchiver(), room.newArchiver()];
  await room.append(6);
  await room.log.mark();
  await room.pass(one);
  await overtake(room, other);
  const passed = await room.pass(one);
  assert.deepEqual([passed.position, passed.generation, passed.parts], [18, 13, 0]);
  await assertCopy(await copyAt(room.place), 18);
});

/** Somebody else does something just before the next head is put. */
class OvertakenObjects extends FaultyObjects {
  before: (() => Promise<void>) | undefined;

  override async put(...words: Parameters<FaultyObjects['put']>): Promise<'stored' | 'exists'> {
    const { before } = this;
    if (words[0].includes('/heads/') && before !== undefined) {
      this.before = undefined;
      await before();
    }
    return super.put(...words);
  }
}

for (const known of [0, 1]) {
  it(`takes back a head whose number is free again, when it knew ${known}`, async () => {
    const room = await ArchiveRoom.make(1, 64 * 1024);
    const store = new OvertakenObjects(room.place);
    const [one, other] = [room.newArchiver(store), room.newArchiver()];
    await room.append(6);
    await room.log.mark();
    if (known > 0) await room.pass(one);
    await room.append(1);
    await room.log.mark();
    store.before = () => overtake(room, other);
    const { position } = await room.pass(one);
    assert.equal(position, room.log.lastSequence);
    await assertCopy(await copyAt(room.place), position);
    const heads = [...room.place.objects.keys()].filter((key) => key.includes('/heads/'));
    assert.equal(heads.length, 8, heads.join(' '));
  });
}

it('begins anew when the place was emptied', async () => {
  const room = await ArchiveRoom.make(1, 64 * 1024);
  await room.append(6);
  await room.log.mark();
  await room.pass();
  room.place.objects.clear();
  const passed = await room.pass();
  assert.deepEqual([passed.position, passed.generation, passed.parts], [6, 1, 1]);
  await assertCopy(await copyAt(room.place), 6);
});

it('removes no head behind one that could not be removed', async () => {
  const room = await ArchiveRoom.make(1, 64 * 1024);
  const numbers = (): readonly number[] =>
    [...room.place.objects.keys()]
      .filter((key) => key.includes('/heads/'))
      .map((key) => Number(key.slice(-12)));
  const refused = new SeededRandom(5);
  room.place.fault = (operation) =>
    operation === 'remove' && refused.chance(0.5) ? 'before' : undefined;
  for (let at = 0; at < 40; at += 1) {
    await room.append(1);
    await room.log.mark();
    if (at % 15 === 14) room.archiver = room.newArchiver();
    await room.pass();
    const [first = 0, ...others] = numbers();
    assert.deepEqual(
      others,
      others.map((_, index) => first + 1 + index),
    );
  }
  assert.ok(numbers().length < 16, `${numbers().length} heads`);
});

it('keeps what the kept heads name', async () => {
  const room = await ArchiveRoom.make(1, 4096);
  for (let at = 0; at < 30; at += 1) {
    await room.append(3);
    await room.log.mark();
    await room.pass();
    await room.clock.advance(60 * 60_000);
    const keys = [...room.place.objects.keys()].filter((key) => key.includes('/heads/'));
    for (const [index] of keys.entries()) {
      // As an operator does, who moves damaged heads aside.
      const place = room.place.clone();
      for (const key of keys.slice(index + 1)) place.objects.delete(key);
      await assertCopy(await copyAt(place), 1);
    }
  }
});
