/**
 * Random histories of every kind of record, with everything that a node may be told: what has an
 * effect, what lacks the right to one, what arrives twice, late, back-dated or out of order. A
 * history follows from its seed alone; who plays it submits or merges as each step says, and
 * merges what the gates refuse, because the reader decides.
 */
import { type AgentId, canonicalBytes, makeStamp } from '@stemedb/model';
import type { MergeRecord } from '../../../src/ingest/ingest.js';
import { type Seeded, someOf } from '../seeded.js';
import { attestationOf, type Draft } from './cast.js';
import {
  claimDraft,
  deepDrafts,
  diamondDrafts,
  lifeDrafts,
  type Making,
  revisionDraft,
  sourceDraft,
} from './claims.js';
import {
  aliasDraft,
  coSigningDraft,
  eagerVoterDrafts,
  epochDraft,
  judgedTogetherDrafts,
  policyDraft,
  secondThoughtDraft,
  supersessionDraft,
  thereAndBackDrafts,
  verdictDraft,
  voteDraft,
} from './others.js';
import { Pools } from './pools.js';

/** One record's arrival. */
export interface WholeStep {
  readonly draft: Draft;
  /** How far the wall clock moves before it, in milliseconds; may be negative. */
  readonly wallStepMs: number;
  /** Through the gates, or with a stamp from elsewhere. */
  readonly by: 'submit' | 'merge';
  /** As it is merged: also when the gates refuse it. */
  readonly merged: readonly MergeRecord[];
}

type Maker = (making: Making) => Draft | readonly Draft[];

/** What happens how often; the sum is 100. */
const makers: readonly (readonly [number, Maker])[] = [
  [5, sourceDraft],
  [19, claimDraft],
  [14, revisionDraft],
  [3, lifeDrafts],
  [2, diamondDrafts],
  [9, voteDraft],
  [1, eagerVoterDrafts],
  [7, verdictDraft],
  [4, coSigningDraft],
  [2, judgedTogetherDrafts],
  [6, epochDraft],
  [7, aliasDraft],
  [11, supersessionDraft],
  [5, secondThoughtDraft],
  [1, thereAndBackDrafts],
  [4, policyDraft],
];

/** Nodes whose stamps come along; one orders before and one after those of tests. */
const elsewhere = ['0000000000000001', 'fffffffffffffff0'];

interface ForeignStamp {
  readonly ms: number;
  readonly counter: number;
  readonly node: string;
}

class History {
  readonly steps: WholeStep[] = [];
  readonly #random: Seeded;
  readonly #node: AgentId;
  readonly #pools: Pools;
  #wallMs: number;

  constructor(random: Seeded, node: AgentId, startMs: number) {
    this.#random = random;
    this.#node = node;
    this.#pools = new Pools(random);
    this.#wallMs = startMs;
  }

  tell(maker: Maker): void {
    const random = this.#random;
    const moved = random.chance(0.05) ? -random.below(5000) : random.below(3);
    const made = maker({
      random,
      pools: this.#pools,
      wallMs: this.#wallMs + moved,
      node: this.#node,
    });
    let wallStepMs = moved;
    for (const draft of [made].flat()) {
      this.#arrive(draft, wallStepMs);
      // What belongs together happens within one millisecond or over some.
      wallStepMs = random.below(2);
    }
  }

  #arrive(draft: Draft, wallStepMs: number): void {
    const random = this.#random;
    this.#wallMs += wallStepMs;
    this.#pools.add(draft);
    // A policy comes with the configuration or by replication, never through the gates.
    const by = draft.kind === 'policy' || random.chance(0.25) ? 'merge' : 'submit';
    this.steps.push({ draft, wallStepMs, by, merged: this.#merged(draft, this.#someStamp()) });
    if (!random.chance(0.08)) return;
    // The same once more from elsewhere; where stamps differ the smaller one counts.
    const merged = this.#merged(draft, this.#someStamp());
    this.steps.push({ draft, wallStepMs: 0, by: 'merge', merged });
  }

  #someStamp(): ForeignStamp {
    const random = this.#random;
    const behind = random.chance(0.5) ? 0 : random.below(random.chance(0.5) ? 4 : 200);
    // Random counters, so that the order within a millisecond is not that of arrival.
    return { ms: this.#wallMs - behind, counter: random.below(1000), node: random.pick(elsewhere) };
  }

  #merged(draft: Draft, { ms, counter, node }: ForeignStamp): readonly MergeRecord[] {
    const proof = draft.byNode ? 'node' : 'signature';
    const stamp = makeStamp(ms, counter + 1, node);
    const record: MergeRecord = { bytes: canonicalBytes(draft.content), stamp, proof };
    if (draft.byNode || draft.kind === 'attestation') return [record];
    const { content } = attestationOf(draft.author, draft);
    return [{ bytes: canonicalBytes(content), stamp: makeStamp(ms, counter, node), proof }, record];
  }
}

/** At least `length` steps, from a wall clock at `startMs`; a deep chain of premises when asked
 * for, which makes it longer by some 65. `node` is the agent of the node that it is played on. */
export const wholeHistory = (
  random: Seeded,
  options: {
    readonly length: number;
    readonly startMs: number;
    readonly node: AgentId;
    readonly deep?: boolean;
  },
): readonly WholeStep[] => {
  const history = new History(random, options.node, options.startMs);
  history.tell(sourceDraft);
  history.tell(epochDraft);
  if (options.deep === true) history.tell(deepDrafts);
  while (history.steps.length < options.length) history.tell(someOf(random, makers));
  return history.steps;
};
