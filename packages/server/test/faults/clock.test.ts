/**
 * Fault 10: the wall clock jumps by an hour, steps back, drifts, and repeats a second, while the
 * node runs and while it does not. Stamps rise strictly all the same, what was answered as of a
 * moment stays, and nothing from the far future gets in.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalBytes, type HlcStamp, makeStamp, stampMs } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';
import * as world from './world.js';

const hourMs = 3_600_000;
const toleranceMs = 5 * 60_000;
/** Answers that are remembered and asked for again. */
const toldMax = 4;
const questions = (['recency', 'confidence', 'skeptic'] as const).map(
  (lens) => ({ scope: { type: 'prefix', prefix: 'clock' }, lens, limit: 100 }) as const,
);

/** What was answered as of a moment, to be asked again. */
interface Told {
  readonly asOf: string | number;
  readonly text: string;
}

/** One history under a clock that cannot be trusted. */
class Unsteady {
  readonly disk = new SimulatedDisk();
  readonly clock = new SimulatedClock();
  readonly #random: Seeded;
  readonly #stamps: HlcStamp[] = [];
  readonly told: Told[] = [];
  readonly met = new Map<string, number>();
  #world: world.World;
  #count = 0;

  private constructor(random: Seeded, opened: world.World) {
    this.#random = random;
    this.#world = opened;
    this.disk = opened.disk;
    this.clock = opened.clock;
  }

  static async begin(random: Seeded): Promise<Unsteady> {
    const clock = new SimulatedClock();
    return new Unsteady(random, await world.openWorld({ disk: new SimulatedDisk(), clock }));
  }

  async step(): Promise<void> {
    const random = this.#random;
    const steps = [
      () => this.#state(),
      () => this.#state(),
      () => this.#ask(),
      () => this.#move(),
      () => this.#askAndSetBack(),
      () => this.#mergeAhead(1 + random.below(toleranceMs), true),
      () => this.#mergeAhead(toleranceMs + 1 + random.below(24 * hourMs), false),
      () => this.#stateAhead(),
      () => (random.chance(0.3) ? this.#restart() : this.#state()),
    ];
    await random.pick(steps)();
  }

  /** Everything that was told is told again, and after a restart too. */
  async end(): Promise<void> {
    await this.#repeat();
    await this.#restart();
    await this.#world.database.close();
  }

  #meet(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  async #state(): Promise<void> {
    const { database } = this.#world;
    const wallMs = this.clock.wallMs();
    this.#count += 1;
    const content = {
      concept_path: `clock/${this.#random.below(3)}`,
      predicate: 'p',
      value: this.#count,
    };
    const principal = { type: 'node', agentId: database.agentId } as const;
    const accepted = await database.ingest.submit(principal, { kind: 'assertion', content });
    if (!accepted.ok) throw new Error(accepted.error.detail);
    const { stamp } = accepted.value;
    const before = this.#stamps.at(-1);
    assert.ok(before === undefined || stamp > before, `${stamp} follows ${before}`);
    assert.ok(stampMs(stamp) >= wallMs, 'a stamp behind the wall clock');
    if (stampMs(stamp) > wallMs) this.#meet('stamps ahead of the wall clock');
    this.#stamps.push(stamp);
  }

  async #stateAhead(): Promise<void> {
    const { database } = this.#world;
    const principal = { type: 'node', agentId: database.agentId } as const;
    const content = {
      asserted_at: this.clock.wallMs() + toleranceMs + 1 + this.#random.below(hourMs),
      concept_path: 'clock/0',
      predicate: 'p',
      value: 'ahead',
    };
    const refused = await database.ingest.submit(principal, { kind: 'assertion', content });
    assert.equal(refused.ok ? 'accepted' : refused.error.code, 'time_in_future');
    this.#meet('claims from the future refused');
  }

  /** A record of another node, which is ahead of the wall clock by so much. */
  async #mergeAhead(aheadMs: number, isTaken: boolean): Promise<void> {
    const { database } = this.#world;
    this.#count += 1;
    const content = {
      kind: 'assertion',
      v: 1,
      agent_id: '22'.repeat(32),
      asserted_at: this.clock.wallMs(),
      concept_path: 'clock/merged',
      predicate: 'p',
      value: this.#count,
    };
    const stamp = makeStamp(this.clock.wallMs() + aheadMs, 0, 'bbbbbbbbbbbbbbbb');
    // What is stamped up to a moment that was asked would change the past; that is another matter.
    if (stamp <= (this.#stamps.at(-1) ?? '')) return;
    if (this.told.some(({ asOf }) => msOf(asOf) >= stampMs(stamp))) return;
    const before = database.log.lastSequence;
    const record = { bytes: canonicalBytes(content), stamp, proof: 'node' } as const;
    const merged = await database.ingest.merge([record]);
    assert.ok(merged.ok);
    const codes = merged.value.refused.map(({ error }) => error.code);
    assert.deepEqual(codes, isTaken ? [] : ['time_in_future']);
    assert.equal(database.log.lastSequence, isTaken ? before + 1 : before);
    if (isTaken) this.#stamps.push(stamp);
    this.#meet(isTaken ? 'stamps a little ahead merged' : 'stamps far ahead refused');
  }

  async #move(): Promise<void> {
    const { clock } = this;
    const nowMs = clock.wallMs();
    const moves: readonly (readonly [string, () => void | Promise<void>])[] = [
      ['an hour ahead', () => clock.setWallMs(nowMs + hourMs)],
      ['an hour back', () => clock.setWallMs(nowMs - hourMs)],
      ['steps back', () => clock.setWallMs(nowMs - this.#random.below(5000))],
      ['a second twice', () => clock.setWallMs(nowMs - 1000)],
      // A monotonic second that the wall clock counts as a little more or less.
      ['drift', () => clock.advance(1000).then(() => clock.setWallMs(nowMs + this.#drifted()))],
      ['time passes', () => clock.advance(this.#random.below(20_000))],
    ];
    const [name, move] = this.#random.pick(moves);
    await move();
    this.#meet(name);
  }

  #drifted(): number {
    return 900 + this.#random.below(200);
  }

  /** As of now, of the newest stamp, or of the answer's own moment. */
  async #ask(): Promise<void> {
    const { database } = this.#world;
    const asOf = this.#random.pick([
      this.clock.wallMs(),
      database.store.visibleStamp,
      stampMs(database.store.visibleStamp),
    ]);
    if (this.told.length >= toldMax) this.told.splice(this.#random.below(toldMax), 1);
    this.told.push({ asOf, text: await answers(database, asOf) });
  }

  /** A moment that was answered has passed, whatever the wall clock says afterwards. */
  async #askAndSetBack(): Promise<void> {
    const { clock } = this;
    const nowMs = clock.wallMs() + this.#random.below(2 * hourMs);
    clock.setWallMs(nowMs);
    await this.#ask();
    clock.setWallMs(nowMs - this.#random.below(2 * hourMs));
    await this.#repeat();
  }

  /** The node stops and starts; a newest stamp far ahead is told, and nothing worse. */
  async #restart(): Promise<void> {
    const { disk, clock } = this;
    await this.#world.database.close();
    const newest = this.#stamps.at(-1);
    const lastMs = newest === undefined ? 0 : stampMs(newest);
    const askedMs = Math.max(0, ...this.told.map(({ asOf }) => msOf(asOf)));
    // Moments after the newest record are not in the log (decision 152).
    if (askedMs > lastMs) clock.setWallMs(Math.max(clock.wallMs(), askedMs + 1));
    this.#world = await world.openWorld({ disk, clock, files: this.#world.files() });
    const { clockAheadMs } = this.#world.database.report;
    assert.ok(clockAheadMs >= Math.max(0, lastMs - clock.wallMs()));
    if (clockAheadMs > toleranceMs) this.#meet('starts behind the newest stamp');
    await this.#state();
    await this.#repeat();
  }

  async #repeat(): Promise<void> {
    for (const { asOf, text } of this.told) {
      assert.equal(await answers(this.#world.database, asOf), text, `as of ${asOf}`);
      this.#meet('answers asked again');
    }
  }
}

const msOf = (asOf: string | number): number =>
  typeof asOf === 'number' ? asOf : stampMs(asOf as HlcStamp);

/** The results of each lens, which decide by effective time among others. */
const answers = async (database: Database, asOf: string | number): Promise<string> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const texts: string[] = [];
  for (const question of questions) {
    const answer = await database.query.ask(principal, { ...question, asOf });
    if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail}, ${asOf}`);
    texts.push(JSON.stringify(answer.value.results));
  }
  return texts.join('\n');
};

describe('a clock that cannot be trusted', () => {
  const seeds = seedsOf(countOf(500, 20_000));
  it(`${seeds.length} histories: stamps rise, answers stay, the future waits`, async (t) => {
    const met = new Map<string, number>();
    for (const seed of seeds) {
      const name = `seed ${seed}; replay with STEMEDB_SEED=${seed} npm test -- faults/clock`;
      try {
        const history = await Unsteady.begin(seeded(seed));
        for (let step = 0; step < 30; step += 1) await history.step();
        await history.end();
        for (const [what, count] of history.met) met.set(what, (met.get(what) ?? 0) + count);
      } catch (error) {
        throw new Error(`${name}: ${error}`, { cause: error });
      }
    }
    t.diagnostic(`seeds ${seeds[0]} to ${seeds.at(-1)}; STEMEDB_SEED=n replays one`);
    t.diagnostic([...met].map(([what, count]) => `${what}: ${count}`).join(', '));
    if (seeds.length > 100) assert.equal(met.size, 12, [...met.keys()].join());
  });
});
