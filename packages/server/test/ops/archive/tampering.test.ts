/**
 * Objects of an archive that are not what was put: every change of what the newest head leads to
 * is found by `verify`, and a restore refuses it and leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { openArchiveCopy } from '../../../src/ops/archive/archive_copy.js';
import type { ArchiveHead } from '../../../src/ops/archive/head.js';
import { findHeads, readHead } from '../../../src/ops/archive/heads.js';
import { folderOf, headKey } from '../../../src/ops/archive/keys.js';
import { sealFor, type Unseal, unsealWith } from '../../../src/ops/archive/seals.js';
import type { LogCopy } from '../../../src/ops/log_copy.js';
import { restoreCopy } from '../../../src/ops/restore_copy.js';
import { verifyCopy } from '../../../src/ops/verify_copy.js';
import { SeededRandom } from '../../simulation/seeded_random.js';
import { SimulatedClock } from '../../simulation/simulated_clock.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';
import { FaultyObjects, type FaultyPlace } from '../../support/faulty_objects.js';
import { countOf } from '../../support/seeded.js';
import { must } from '../directories.js';
import { ArchiveRoom, assertCopy, copyAt } from './room.js';

interface Keys {
  readonly room: (room: ArchiveRoom) => void;
  readonly unseal: Unseal | undefined;
}

const noKeys: Keys = { room: () => undefined, unseal: undefined };

const newKeys = async (): Promise<Keys> => {
  const secret = await generateIdentity();
  const seal = must(await sealFor(await identityToRecipient(secret)));
  const unseal = must(await unsealWith('keys', `# made for this test\n${secret}\n`));
  return {
    room: (room) => {
      room.seal = seal;
      room.archiver = room.newArchiver();
    },
    unseal,
  };
};

/** Several sealed segments, several parts, and some history. */
const archived = async (keys: Keys): Promise<FaultyPlace> => {
  const room = await ArchiveRoom.make(7, 2500);
  keys.room(room);
  for (let at = 0; at < 14; at += 1) {
    await room.append(3);
    await room.log.mark();
    await room.pass();
  }
  await assertCopy(await copyAt(room.place, keys.unseal), 42);
  return room.place;
};

const newestOf = async (place: FaultyPlace): Promise<ArchiveHead> => {
  const store = new FaultyObjects(place);
  const [found] = await findHeads(store);
  const head = found && must(await readHead(store, found));
  assert.ok(head !== undefined);
  return head;
};

/** Keys of everything that the newest head leads to, and of itself. */
const keysOf = (head: ArchiveHead): readonly string[] => {
  const objects = [...head.sealed.recent, ...head.open.parts];
  const identity = head.identity === null ? [] : [head.identity];
  const names = [...objects, ...identity].map(({ name }) => `${folderOf(head)}${name}`);
  return [headKey(head, head.generation), ...names];
};

const kinds = ['flipped', 'cut', 'longer', 'swapped', 'older', 'removed'] as const;

/** Spoils one object; says what was done. */
const spoil = (
  place: FaultyPlace,
  keys: readonly string[],
  random: SeededRandom,
): string | undefined => {
  const kind = random.pick(kinds);
  const key = random.pick(keys);
  const bytes = Buffer.from(place.objects.get(key) ?? []);
  const others = [...place.objects.keys()].filter((other) => other !== key);
  if (kind === 'flipped') {
    const bit = random.below(8 * bytes.length);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    place.objects.set(key, bytes);
  }
  if (kind === 'cut') place.objects.set(key, bytes.subarray(0, random.below(bytes.length)));
  if (kind === 'longer') place.objects.set(key, Buffer.concat([bytes, random.bytes(3)]));
  if (kind === 'swapped') {
    const other = random.pick(keys.filter((one) => one !== key));
    place.objects.set(key, place.objects.get(other) ?? bytes);
    place.objects.set(other, bytes);
  }
  if (kind === 'older') {
    const folder = key.slice(0, key.lastIndexOf('/'));
    const olderKeys = others.filter((other) => other.startsWith(folder));
    if (olderKeys.length === 0) return undefined;
    place.objects.set(key, place.objects.get(random.pick(olderKeys)) ?? bytes);
  }
  if (kind === 'removed') {
    // Without its newest head an archive is an older one; another test has that.
    if (key === keys[0]) return undefined;
    place.objects.delete(key);
  }
  return `${kind} ${key}`;
};

const findingsOf = async (copy: LogCopy): Promise<readonly string[]> => {
  const findings: string[] = [];
  await verifyCopy({
    copy,
    checkpoints: new Map(),
    onFinding: ({ where, detail }) => findings.push(`${where}: ${detail}`),
    onProgress: () => undefined,
  });
  return findings;
};

/** Restores onto an empty disk; gives the error and the files that are left. */
const restored = async (copy: LogCopy, disk = new SimulatedDisk()) => {
  const outcome = await restoreCopy({
    ...{ disk, clock: new SimulatedClock(), random: new SeededRandom(1), copy },
    ...{ walDir: '/new/wal', dbDir: '/new/db', freeBytesMin: 0 },
    onProgress: () => undefined,
  });
  return { error: outcome.ok ? undefined : outcome.error.code, left: await filesLeft(disk) };
};

const filesLeft = async (disk: SimulatedDisk): Promise<readonly string[]> => {
  if (!(await disk.exists('/new/wal'))) return [];
  return disk.pathsIn('/new/wal').filter((path) => !path.endsWith('/lock'));
};

for (const isEncrypted of [false, true]) {
  const count = countOf(isEncrypted ? 60 : 140, 5000);
  it(`finds ${count} changes of ${isEncrypted ? 'encrypted' : 'plain'} objects`, async () => {
    const keys = isEncrypted ? await newKeys() : noKeys;
    const sound = await archived(keys);
    const head = await newestOf(sound);
    const soundCopy = await copyAt(sound, keys.unseal);
    assert.deepEqual(await findingsOf(soundCopy), []);
    assert.equal((await restored(soundCopy)).error, undefined);
    for (let seed = 1, done = 0; done < count; seed += 1) {
      const place = sound.clone();
      const what = spoil(place, keysOf(head), new SeededRandom(seed));
      if (what === undefined) continue;
      done += 1;
      const message = `seed ${seed}: ${what}`;
      const store = new FaultyObjects(place);
      const opened = await openArchiveCopy({ store, unseal: keys.unseal });
      if (!opened.ok) {
        assert.equal(opened.error.code, 'copy_damaged', message);
        continue;
      }
      assert.notDeepEqual(await findingsOf(opened.value), [], message);
      // Whoever only restores is told as well, unless it is the key, which he then does without.
      const { error, left } = await restored(opened.value);
      assert.equal(error, 'copy_damaged', message);
      assert.deepEqual(left, [], message);
    }
  });
}

it('tells by a checkpoint that was kept elsewhere that the newest heads were removed', async () => {
  const place = await archived(noKeys);
  const head = await newestOf(place);
  place.objects.delete(headKey(head, head.generation));
  place.objects.delete(headKey(head, head.generation - 1));
  const copy = await copyAt(place);
  await assertCopy(copy, 1);
  assert.ok(copy.facts.records < head.tree.size);
  const severities: string[] = [];
  await verifyCopy({
    copy,
    checkpoints: new Map([['kept', head.checkpoint]]),
    onFinding: ({ severity }) => severities.push(severity),
    onProgress: () => undefined,
  });
  assert.deepEqual(severities, ['altered']);
});

it('opens what is encrypted with its key alone', async () => {
  const [keys, others] = [await newKeys(), await newKeys()];
  const place = await archived(keys);
  for (const [key, bytes] of place.objects) {
    const isPlain = key.includes('/heads/') || key.includes('/sealed/');
    const text = Buffer.from(bytes).toString('latin1');
    assert.equal(text.startsWith('age-encryption.org/v1'), !isPlain, key);
  }
  for (const [unseal, said] of [
    [undefined, /is encrypted; name the file of the secret key/],
    [others.unseal, /was encrypted for another key/],
  ] as const) {
    const opened = await openArchiveCopy({ store: new FaultyObjects(place), unseal });
    assert.equal(opened.ok ? '' : opened.error.code, 'invalid_configuration');
    assert.match(opened.ok ? '' : opened.error.detail, said);
  }
  const copy = await copyAt(place, keys.unseal);
  assert.ok((await copy.identity())?.length);
  assert.equal(await (await copyAt(await archived(noKeys))).identity(), undefined);
});

it('does not go on in plain text where it was encrypted', async () => {
  const keys = await newKeys();
  const room = await ArchiveRoom.make(7, 2500);
  keys.room(room);
  await room.append(3);
  await room.log.mark();
  await room.pass();
  const objects = new Map(room.place.objects);
  for (let at = 0; at < 6; at += 1) await room.append(3);
  await room.log.mark();
  room.seal = undefined;
  const passed = await room.newArchiver().pass();
  assert.equal(passed.ok ? '' : passed.error.code, 'invalid_configuration');
  assert.match(passed.ok ? '' : passed.error.detail, /is encrypted, and no public key is named/);
  assert.deepEqual(room.place.objects, objects);
});

it('counts what is encrypted where a recipient was named later', async () => {
  const room = await ArchiveRoom.make(7, 2500);
  const grow = async (): Promise<void> => {
    for (let at = 0; at < 6; at += 1) await room.append(3);
    await room.log.mark();
    await room.pass();
  };
  await grow();
  const plain = await newestOf(room.place);
  assert.deepEqual([plain.sealed.encrypted, plain.identity], [0, null]);
  (await newKeys()).room(room);
  await grow();
  const { sealed, identity } = await newestOf(room.place);
  assert.notEqual(identity, null);
  assert.equal(sealed.encrypted, sealed.count - plain.sealed.count);
  assert.ok(sealed.encrypted > 0 && plain.sealed.count > 0);
});

it('needs both keys where the recipient was changed, also for the identity', async () => {
  const secrets = [await generateIdentity(), await generateIdentity()];
  const room = await ArchiveRoom.make(7, 64 * 1024);
  for (const secret of secrets) {
    room.seal = must(await sealFor(await identityToRecipient(secret)));
    room.archiver = room.newArchiver();
    // The eighth part takes in the seven that the first recipient could read.
    for (let at = 0; at < (secret === secrets[0] ? 7 : 1); at += 1) {
      await room.append(1);
      await room.log.mark();
      await room.pass();
    }
  }
  const head = await newestOf(room.place);
  assert.deepEqual([head.open.parts.length, head.sealed.count], [1, 0]);
  const withKeys = async (keys: readonly string[]): Promise<LogCopy> =>
    copyAt(room.place, must(await unsealWith('keys', keys.join('\n'))));
  const second = await withKeys(secrets.slice(1));
  assert.equal(second.facts.records, 8);
  const locked = { name: 'ArchiveLockedError', message: /identity.*was encrypted for another key/ };
  await assert.rejects(findingsOf(second), locked);
  const disk = new SimulatedDisk();
  await assert.rejects(restored(second, disk), locked);
  assert.deepEqual(await filesLeft(disk), []);
  const both = await withKeys(secrets);
  assert.deepEqual(await findingsOf(both), []);
  assert.equal((await restored(both)).error, undefined);
});

it('says what is no key', async () => {
  const secret = await generateIdentity();
  const detailOf = (outcome: { readonly ok: boolean }): string =>
    'error' in outcome ? String((outcome.error as { detail: string }).detail) : '';
  assert.match(detailOf(await sealFor('age1wrong')), /"age1wrong" is no public key/);
  assert.match(detailOf(await sealFor(secret)), /is no public key/);
  assert.ok(!detailOf(await sealFor(secret)).includes(secret), 'a secret key is not repeated');
  assert.match(detailOf(await unsealWith('f', '# nothing\n')), /f has no secret key/);
  assert.match(detailOf(await unsealWith('f', 'age1wrong\n')), /f has something else/);
  assert.equal(detailOf(await sealFor(' ')), '');
});
