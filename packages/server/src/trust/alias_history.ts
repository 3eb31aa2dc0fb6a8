/**
 * Every alias, and of each path its neighbours in the order in which they are followed: bytewise.
 * A path may have any number of neighbours and is asked for again by every question, so they are
 * put in order once, whatever the moment; who counts at a moment is looked at one by one.
 */
import type { AliasContent } from '@stemedb/model';
import type { RecordedContent } from './record_history.js';
import { earliestOfEach, type HistoryView, RecordHistory } from './record_history.js';

type RecordedAlias = RecordedContent<AliasContent>;

/** A path that some alias joins to another. */
export class Neighbour {
  readonly path: string;
  /** Compares as the bytes of the path do: one character a byte. */
  readonly #key: string;
  readonly #aliases: RecordedAlias[] = [];

  constructor(path: string) {
    this.path = path;
    this.#key = Buffer.from(path).toString('latin1');
  }

  static compare(one: Neighbour, other: Neighbour): number {
    if (one.#key === other.#key) return 0;
    return one.#key < other.#key ? -1 : 1;
  }

  add(alias: RecordedAlias): void {
    this.#aliases.push(alias);
  }

  /** The aliases of the view that join the two, each once under its smallest stamp. */
  aliases(view: HistoryView): Iterable<RecordedAlias> {
    return earliestOfEach(this.#aliases, view);
  }
}

/** What one path is joined to. */
class Neighbours {
  readonly #byPath = new Map<string, Neighbour>();
  #ordered: readonly Neighbour[] = [];

  add(path: string, alias: RecordedAlias): void {
    const known = this.#byPath.get(path);
    const neighbour = known ?? new Neighbour(path);
    if (known === undefined) this.#byPath.set(path, neighbour);
    neighbour.add(alias);
  }

  /** A list that never changes: one that came later makes another list. */
  ordered(): readonly Neighbour[] {
    if (this.#ordered.length < this.#byPath.size) {
      this.#ordered = [...this.#byPath.values()].sort(Neighbour.compare);
    }
    return this.#ordered;
  }
}

export class AliasHistory extends RecordHistory<AliasContent, never> {
  readonly #ofPaths = new Map<string, Neighbours>();

  constructor() {
    super(() => []);
  }

  override add(alias: RecordedAlias): void {
    super.add(alias);
    const { a, b } = alias.content;
    this.#of(a).add(b, alias);
    this.#of(b).add(a, alias);
  }

  /** The neighbours of a path at any moment, bytewise; the same list until another comes. */
  neighbours(path: string): readonly Neighbour[] {
    return this.#ofPaths.get(path)?.ordered() ?? [];
  }

  #of(path: string): Neighbours {
    const known = this.#ofPaths.get(path);
    if (known !== undefined) return known;
    const neighbours = new Neighbours();
    this.#ofPaths.set(path, neighbours);
    return neighbours;
  }
}
