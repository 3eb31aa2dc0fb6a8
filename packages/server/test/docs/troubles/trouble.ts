/** How a case of a runbook comes about, really. */
import type { Scene } from '../scene.js';

export interface Trouble {
  /** Why it cannot be made on this machine; undefined when it can. */
  readonly missing?: () => Promise<string | undefined>;
  /** Leaves the scene as the reader finds it. */
  readonly make: (scene: Scene) => Promise<void>;
  /** What must hold at the end, beside what the runbook itself validates. */
  readonly after?: (scene: Scene) => Promise<void>;
}

/** By the heading of the case, in the order of the document. */
export type Troubles = Readonly<Record<string, Trouble>>;
