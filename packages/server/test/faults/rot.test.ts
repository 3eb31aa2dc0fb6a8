/**
 * Faults 5 and 6 over everything that a database keeps: segments, identity, signed checkpoint, tree
 * file and store. One bit flips, or sectors and segments are zeroed, doubled, swapped, or what they
 * were before: `verify` finds it, and what is served is what was, or nothing. There are no backups
 * yet.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { verifyDatabase } from '../../src/ops/verify.js';
import { checkStore } from '../../src/ops/verify_store.js';
import { memoryEngine } from '../../src/store/engine_memory.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { countOf } from '../support/seeded.js';
import * as world from './world.js';

const seed = Number(process.env.STEMEDB_SEED ?? 5);
const replay = `replay with STEMEDB_SEED=${seed} npm test -- faults/rot`;
/** Enough for entries in the tree file, which begins with groups of 256. */
const claims = 290;

/** A closed database, and how its segments were when a part of it was written. */
interface Kept {
  readonly disk: SimulatedDisk;
  readonly older: SimulatedDisk;
  readonly files: world.StoreFiles;
  readonly wallMs: number;
  readonly segments: readonly string[];
  readonly answers: readonly string[];
}

let kept: Kept;

/** Stands for the store's file, so that a verification knows that there is a store. */
const storeMark = `${world.dbDir}/data.mdb`;

before(async () => {
  const disk = new SimulatedDisk();
  const clock = new SimulatedClock();
  const ledger = world.newLedger();
  const opened = await world.openWorld({ disk, clock });
  const random = new SeededRandom(seed);
  await world.runScript(opened, ledger, { claims: claims - 60, random });
  const older = disk.clone();
  await world.runScript(opened, ledger, { claims, random });
  assert.ok((await opened.database.proofs.checkpoint()).ok);
  const answers = await world.answersOf(opened.database);
  await opened.database.close();
  disk.put(storeMark, new Uint8Array(1));
  const names = (await disk.list(world.walDir)).filter((name) => name.endsWith('.wal'));
  const segments = names.map((name) => `${world.walDir}/${name}`);
  assert.ok(segments.length >= 3 && ledger.acknowledged.length === claims);
  const wallMs = clock.wallMs();
  kept = { disk, older, files: opened.files(), wallMs, segments, answers };
});

/** What a verification says of these files. */
async function findings(disk: SimulatedDisk, files: world.StoreFiles): Promise<readonly string[]> {
  const found: string[] = [];
  const { walDir, dbDir } = world;
  const engine = { open: () => memoryEngine(files) };
  await verifyDatabase({
    disk,
    walDir,
    dbDir,
    isLocked: false,
    checkpoints: new Map(),
    checkStore: (onEvent) => checkStore({ disk, walDir, dbDir, engine }, onEvent),
    onFinding: ({ severity, where, detail }) => found.push(`${severity} ${where}: ${detail}`),
    onProgress: () => undefined,
  });
  return found;
}

/** How a start goes on these files; fails when it answers anything that was not so. */
async function served(
  disk: SimulatedDisk,
  files: world.StoreFiles,
  name: string,
): Promise<'refused' | 'right' | 'in part'> {
  const opened = await world.tryOpen({ disk, files, clock: new SimulatedClock(kept.wallMs) });
  if (!opened.ok) {
    assert.match(opened.error.code, /^(log_corrupt|database_mismatch|format_too_new)$/, name);
    return 'refused';
  }
  const { database } = opened.value;
  const answers = await world.answersOf(database);
  let isWhole = true;
  for (const [at, answer] of answers.entries()) {
    if (answer === kept.answers[at]) continue;
    assert.match(answer, /^refused: (log|store)_corrupt$/, `${name}: served ${answer}`);
    isWhole = false;
  }
  await database.close();
  return isWhole ? 'right' : 'in part';
}

type Damage = (disk: SimulatedDisk, random: SeededRandom) => string;

const flipIn =
  (paths: () => readonly string[]): Damage =>
  (disk, random) => {
    const path = random.pick(paths());
    const bit = random.below(disk.peek(path).length * 8);
    disk.flipBit(path, bit);
    return `bit ${bit} of ${path}`;
  };

/** One bit of a key or value of the store. */
const flipEntry = (random: SeededRandom): { files: world.StoreFiles; name: string } => {
  const { entries } = kept.files;
  const at = random.below(entries.length);
  const part = random.chance(0.7) ? 'value' : 'key';
  const bit = random.next();
  const flipped = entries.map((entry, index) => {
    if (index !== at) return entry;
    const bytes = Uint8Array.from(entry[part]);
    const byte = (bit >>> 3) % Math.max(1, bytes.length);
    bytes[byte] = (bytes[byte] ?? 0) ^ (1 << (bit & 7));
    return { ...entry, [part]: bytes };
  });
  flipped.sort((a, b) => Buffer.compare(a.key, b.key));
  return { files: new world.StoreFiles([flipped]), name: `${part} of entry ${at}, bit ${bit}` };
};

const segmentsOfLog = (): readonly string[] => kept.segments;
const placesOfFlips: Readonly<Record<string, Damage>> = {
  log: flipIn(segmentsOfLog),
  identity: flipIn(() => [`${world.walDir}/identity`]),
  checkpoint: flipIn(() => [`${world.walDir}/checkpoint`]),
  tree: flipIn(() => [`${world.dbDir}/tree`]),
};

describe('one bit', () => {
  const flips = countOf(2000, 100_000);
  it(`${flips} flips in log, store, identity, checkpoint and tree are found`, async (t) => {
    t.diagnostic(replay);
    assert.deepEqual(await findings(kept.disk.clone(), kept.files), []);
    assert.equal(await served(kept.disk.clone(), kept.files, 'nothing'), 'right');
    const random = new SeededRandom(seed + 1);
    const tally = new Map<string, number>();
    const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
    const places = ['log', 'log', 'store', 'identity', 'checkpoint', 'tree'];
    for (let flip = 0; flip < flips; flip += 1) {
      const place = places[flip % places.length] ?? 'log';
      const disk = kept.disk.clone();
      const { files, name } =
        place === 'store'
          ? flipEntry(random)
          : { files: kept.files, name: placesOfFlips[place]?.(disk, random) ?? '' };
      const found = await findings(disk, files);
      assert.ok(found.length > 0, `flip ${flip}: ${name} was not found; ${replay}`);
      count(place);
      if (flip % 13 === 0) {
        const start = await served(disk, files.at(files.count), `flip ${flip}: ${name}; ${replay}`);
        count(`${place} ${start}`);
      }
    }
    t.diagnostic([...tally].map(([what, times]) => `${what}: ${times}`).join(', '));
    assert.ok(tally.get('log refused') !== undefined && tally.get('tree right') !== undefined);
  });
});

const sectorBytes = 512;

const sectorOf = (bytes: Buffer, random: SeededRandom): number =>
  sectorBytes * random.below(Math.max(1, Math.floor(bytes.length / sectorBytes)));

/** Two segments, the second another one. */
const twoOf = (random: SeededRandom): readonly [string, string] => {
  const first = random.pick(kept.segments);
  return [first, random.pick(kept.segments.filter((path) => path !== first))];
};

const misplacements: Readonly<Record<string, Damage>> = {
  'sector zeroed': (disk, random) => {
    const path = random.pick([...kept.segments, `${world.dbDir}/tree`]);
    const at = sectorOf(disk.peek(path), random);
    disk.damage(path, at, new Uint8Array(Math.min(sectorBytes, disk.peek(path).length - at)));
    return `${path} at ${at}`;
  },
  'write misdirected': (disk, random) => {
    const [path, other] = [random.pick(kept.segments), random.pick(kept.segments)];
    const [at, from] = [sectorOf(disk.peek(path), random), sectorOf(disk.peek(other), random)];
    disk.damage(path, at, disk.peek(other).subarray(from, from + sectorBytes));
    return `${other} at ${from} over ${path} at ${at}`;
  },
  'segment duplicated': (disk, random) => {
    const [path, other] = twoOf(random);
    const last = kept.segments.at(-1) ?? '';
    const end = Number.parseInt(last.slice(-20, -4), 16) + disk.peek(last).length;
    const next = `${world.walDir}/${end.toString(16).padStart(16, '0')}.wal`;
    const target = random.chance(0.3) ? next : other;
    disk.put(target, disk.peek(path));
    return `${path} as ${target}`;
  },
  'segments swapped': (disk, random) => {
    const [path, other] = twoOf(random);
    const [one, two] = [disk.peek(path), disk.peek(other)];
    disk.put(path, two);
    disk.put(other, one);
    return `${path} and ${other}`;
  },
  'segment replaced by an older one': (disk, random) => {
    const changed = kept.segments.filter(
      (path) => !kept.older.peek(path).equals(kept.disk.peek(path)),
    );
    const path = random.pick(changed);
    const old = kept.older.peek(path);
    if (old.length > 0) disk.put(path, old.subarray(0, old.length));
    else disk.take(path);
    return `${path} with ${old.length} bytes`;
  },
};

describe('sectors and segments in the wrong place', () => {
  const cases = countOf(200, 5000);
  it(`${cases} of them are found`, async (t) => {
    t.diagnostic(replay);
    const random = new SeededRandom(seed + 2);
    const kinds = Object.entries(misplacements);
    const tally = new Map<string, number>();
    for (let count = 0, tries = 0; count < cases; tries += 1) {
      assert.ok(tries < 4 * cases, 'most of the damages change nothing');
      const [kind, damage] = kinds[count % kinds.length] ?? ['', () => ''];
      const disk = kept.disk.clone();
      const name = `case ${count}, ${kind}: ${damage(disk, random)}; ${replay}`;
      if (await isUnchanged(disk)) continue;
      count += 1;
      const found = await findings(disk, kept.files);
      assert.ok(found.length > 0, `${name} was not found`);
      const start = await served(disk, kept.files.at(kept.files.count), name);
      const what = `${kind}: ${start}`;
      tally.set(what, (tally.get(what) ?? 0) + 1);
    }
    t.diagnostic([...tally].map(([what, times]) => `${what} ${times}`).join(', '));
  });
});

async function isUnchanged(disk: SimulatedDisk): Promise<boolean> {
  for (const directory of [world.walDir, world.dbDir]) {
    const names = await disk.list(directory);
    if (names.join() !== (await kept.disk.list(directory)).join()) return false;
    for (const name of names) {
      const path = `${directory}/${name}`;
      if (!disk.peek(path).equals(kept.disk.peek(path))) return false;
    }
  }
  return true;
}
