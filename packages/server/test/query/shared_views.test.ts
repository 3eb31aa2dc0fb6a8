/** Views that questions share: how many are opened, what they show, and when they are let go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedViews } from '../../src/query/shared_views.js';
import type { StoreSnapshot } from '../../src/store/store.js';

/** A store whose snapshots are counted. */
class CountedStore {
  appliedSequence = 0;
  /** Whether what is open by now met damage. */
  isBroken = false;
  opened = 0;
  held = 0;

  snapshot(): StoreSnapshot {
    this.opened += 1;
    this.held += 1;
    const release = (): void => {
      this.held -= 1;
    };
    const store = this;
    return {
      appliedSequence: this.appliedSequence,
      get isBroken() {
        return store.isBroken;
      },
      release,
    } as StoreSnapshot;
  }
}

test('what is read before the next record shares one view', () => {
  const store = new CountedStore();
  const views = new SharedViews(store);
  const [one, other] = [views.take(), views.take()];
  assert.equal(one.snapshot, other.snapshot);
  one.release();
  other.release();
  assert.equal(views.take().snapshot, one.snapshot);
  assert.deepEqual([store.opened, store.held], [1, 1]);
});

test('what is read after a record sees it, whether or not anybody told so', () => {
  const store = new CountedStore();
  const views = new SharedViews(store);
  const before = views.take();
  store.appliedSequence = 1;
  const after = views.take();
  assert.equal(after.snapshot.appliedSequence, 1);
  assert.deepEqual([store.opened, store.held], [2, 2]);
  before.release();
  assert.equal(store.held, 1);
  after.release();
  assert.equal(store.held, 1, 'the newest one waits for the next question');
  views.retire();
  assert.equal(store.held, 0);
});

test('a view that is in use stays when it is retired, and goes with its last user', () => {
  const store = new CountedStore();
  const views = new SharedViews(store);
  const [one, other] = [views.take(), views.take()];
  views.retire();
  one.release();
  assert.equal(store.held, 1);
  other.release();
  assert.equal(store.held, 0);
  views.retire();
  assert.equal(store.held, 0, 'nothing is released twice');
});

test('a view that met damage is for those who have it, and no one else', () => {
  const store = new CountedStore();
  const views = new SharedViews(store);
  const [one, other] = [views.take(), views.take()];
  store.isBroken = true;
  const next = views.take();
  assert.notEqual(next.snapshot, one.snapshot);
  one.release();
  other.release();
  assert.deepEqual([store.opened, store.held], [2, 1]);
  next.release();
  assert.equal(store.held, 0, 'a broken one waits for no question');
  store.isBroken = false;
  const sound = views.take();
  sound.release();
  assert.equal(views.take().snapshot, sound.snapshot);
});
