/**
 * Views of the store that questions share. While nothing is applied, the view of one question shows
 * what the next would see in a view of its own, and opening one costs more than a kept answer.
 *
 * Invariants: a view that met damage is given to nobody else. A view is released when its last user
 * is gone and a newer one took its place, or `retire` was called. So what is applied must be told
 * with `retire`, else a view that nobody uses keeps the pages of its state from being used again.
 */
import type { Store, StoreSnapshot } from '../store/store.js';

interface View {
  readonly snapshot: StoreSnapshot;
  users: number;
}

export class SharedViews {
  readonly #store: Pick<Store, 'appliedSequence' | 'snapshot'>;
  #newest: View | undefined;

  constructor(store: Pick<Store, 'appliedSequence' | 'snapshot'>) {
    this.#store = store;
  }

  /** A view of all that is applied; the caller gives it back once, with what is returned. */
  take(): { readonly snapshot: StoreSnapshot; readonly release: () => void } {
    const known = this.#newest;
    const isSound =
      known?.snapshot.isBroken === false &&
      known.snapshot.appliedSequence >= this.#store.appliedSequence;
    const view = isSound ? known : this.#open();
    view.users += 1;
    return { snapshot: view.snapshot, release: () => this.#release(view) };
  }

  /** Lets go of the newest view as soon as nobody uses it: a newer state is there, or the end. */
  retire(): void {
    const view = this.#newest;
    this.#newest = undefined;
    if (view?.users === 0) view.snapshot.release();
  }

  #open(): View {
    this.retire();
    this.#newest = { snapshot: this.#store.snapshot(), users: 0 };
    return this.#newest;
  }

  #release(view: View): void {
    view.users -= 1;
    if (view === this.#newest && view.snapshot.isBroken) this.#newest = undefined;
    if (view.users === 0 && view !== this.#newest) view.snapshot.release();
  }
}
