/** What a history has said so far, so that later records can speak of earlier ones. */
import type { AgentId, RecordId, RecordKind } from '@stemedb/model';
import type { Seeded } from '../seeded.js';
import { authors, type Draft, everybody, steward, stranger } from './cast.js';

export class Pools {
  readonly #random: Seeded;
  readonly #byKind = new Map<RecordKind, Draft[]>();
  readonly #premises = new Map<RecordId, Draft>();
  readonly #all: Draft[] = [];
  readonly #byId = new Map<RecordId, Draft>();

  constructor(random: Seeded) {
    this.#random = random;
  }

  add(draft: Draft): void {
    this.#all.push(draft);
    this.#byId.set(draft.id, draft);
    const list = this.#byKind.get(draft.kind);
    if (list === undefined) this.#byKind.set(draft.kind, [draft]);
    else list.push(draft);
    const { source, derived_from: derived } = draft.content;
    for (const id of [source, ...(Array.isArray(derived) ? derived : [])]) {
      const premise = this.#byId.get(id as RecordId);
      if (premise !== undefined) this.#premises.set(premise.id, premise);
    }
  }

  of(kind: RecordKind): readonly Draft[] {
    return this.#byKind.get(kind) ?? [];
  }

  /** One of a kind, rather a recent one; undefined when there is none. */
  some(kind: RecordKind): Draft | undefined {
    const list = this.of(kind);
    if (list.length === 0) return undefined;
    return this.#random.pick(this.#random.chance(0.5) ? list.slice(-6) : list);
  }

  /** What something rests on. */
  somePremise(): Draft | undefined {
    const list = [...this.#premises.values()];
    return list.length === 0 ? undefined : this.#random.pick(list);
  }

  /** Anything at all. */
  any(): Draft | undefined {
    return this.#all.length === 0 ? undefined : this.#random.pick(this.#all);
  }
}

/** Who speaks of another's record: often the owner, else a steward, a stranger, anybody. */
export const someoneAbout = (random: Seeded, target: Draft): AgentId => {
  const dice = random.fraction();
  if (dice < 0.5 && everybody.includes(target.author)) return target.author;
  if (dice < 0.75) return steward;
  return dice < 0.9 ? stranger : random.pick(authors);
};
