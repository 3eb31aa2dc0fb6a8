/** The lenses by name. A new lens is one file and one entry here, or a `register` at start. */
import { authority } from './authority.js';
import { confidence } from './confidence.js';
import { consensus } from './consensus.js';
import { constraints } from './constraints.js';
import { layered } from './layered.js';
import type { Lens } from './lens.js';
import { recency } from './recency.js';
import { skeptic } from './skeptic.js';
import { votes } from './votes.js';

export const builtInLenses: readonly Lens[] = [
  recency,
  confidence,
  consensus,
  votes,
  authority,
  layered,
  skeptic,
  constraints,
];

/** What a lens may be called: it appears in addresses, metrics and audit entries. */
const namePattern = /^[a-z][a-z0-9_-]{0,31}$/;

export class LensRegistry {
  readonly #lenses = new Map<string, Lens>();

  constructor(lenses: readonly Lens[] = builtInLenses) {
    for (const lens of lenses) this.register(lens);
  }

  /** Adds a lens. Throws when the name is malformed or taken: names are never redefined. */
  register(lens: Lens): void {
    if (!namePattern.test(lens.name)) {
      throw new RangeError(`a lens name must match ${namePattern.source}: "${lens.name}"`);
    }
    if (this.#lenses.has(lens.name)) {
      throw new RangeError(`there is already a lens named "${lens.name}"`);
    }
    this.#lenses.set(lens.name, lens);
  }

  get(name: string): Lens | undefined {
    return this.#lenses.get(name);
  }

  /** Names in the order of registration. */
  names(): string[] {
    return [...this.#lenses.keys()];
  }
}

/** The registry of this process. */
export const lensRegistry = new LensRegistry();
