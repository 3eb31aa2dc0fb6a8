/**
 * The trust in agents: a fold over the verdicts on what they stated or signed (spec 8, "Trust"),
 * which are found in `judging.ts`.
 *
 * - Steps follow each other by (effective time, id). Between them, and up to the moment asked,
 *   trust drifts towards its initial value: `initial + (s - initial) * 2^(-dt / half-life)`.
 * - The constants are those of the policy at the moment asked; all figures are whole numbers of
 *   10^-9, so every node gets the same.
 */
import type { AgentId, HlcStamp, RecordId, VerdictContent } from '@stemedb/model';
import { stampMs, zeroStamp } from '@stemedb/model';
import { decayNano, nanoPerOne, toNano } from '../lens/arithmetic.js';
import type { Nano } from '../lens/lens.js';
import { effectiveMs } from './last.js';
import type { EffectivePolicy } from './policy_history.js';
import type { RecordedContent } from './record_history.js';
import type { TrustStep } from './rules.js';

export type RecordedVerdict = RecordedContent<VerdictContent>;
type TrustConstants = EffectivePolicy['table']['trust'];

/** What judgements were read from, so that whoever keeps them knows when to read again. */
export interface JudgedFrom {
  /** True when every claim that was looked for is known, so that none can come to count later. */
  readonly isComplete: boolean;
  /** No claim that was read is newer. */
  readonly newestClaim: HlcStamp;
  /** Every claim that was read: recorded once more, it may stand otherwise. */
  readonly claims: ReadonlySet<RecordId>;
  /** Claims whose signers are judged, with the stamp of the newest verdict about each. */
  readonly signed: ReadonlyMap<RecordId, HlcStamp>;
}

/** The verdicts that count, by the agents they are about, oldest first. */
export class Judgements {
  readonly #byAgent: ReadonlyMap<AgentId, readonly RecordedVerdict[]>;
  readonly #folded = new Map<AgentId, readonly TrustStep[]>();
  #foldedBy: EffectivePolicy | undefined;
  readonly from: JudgedFrom;

  constructor(byAgent: ReadonlyMap<AgentId, readonly RecordedVerdict[]>, from: JudgedFrom) {
    this.#byAgent = byAgent;
    this.from = from;
  }

  get any(): boolean {
    return this.#byAgent.size > 0;
  }

  /** Every step of the trust in an agent under this policy, oldest first. */
  steps(agent: AgentId, policy: EffectivePolicy): readonly TrustStep[] {
    const verdicts = this.#byAgent.get(agent);
    if (verdicts === undefined) return [];
    if (this.#foldedBy !== policy) {
      this.#folded.clear();
      this.#foldedBy = policy;
    }
    const known = this.#folded.get(agent);
    if (known !== undefined) return known;
    const steps = fold(verdicts, policy.table.trust);
    this.#folded.set(agent, steps);
    return steps;
  }
}

/** No verdict was ever given. */
export const noJudgements = new Judgements(new Map(), {
  isComplete: true,
  newestClaim: zeroStamp,
  claims: new Set(),
  signed: new Map(),
});

const fold = (
  verdicts: readonly RecordedVerdict[],
  constants: TrustConstants,
): readonly TrustStep[] => {
  const steps: TrustStep[] = [];
  let trust: Nano = toNano(constants.initial);
  let lastMs: number | undefined;
  for (const verdict of verdicts) {
    const atMs = effectiveMs(verdict);
    const drifted = lastMs === undefined ? trust : drift(trust, atMs - lastMs, constants);
    trust = stepped(drifted, constants[verdict.content.outcome]);
    lastMs = atMs;
    const { target, outcome } = verdict.content;
    steps.push({ verdict: verdict.id, target, outcome, effectiveMs: atMs, trust });
  }
  return steps;
};

/** The constants of the table are signed: both are added. */
const stepped = (trust: Nano, step: number): Nano => {
  const size = toNano(Math.abs(step));
  return step < 0 ? Math.max(0, trust - size) : Math.min(nanoPerOne, trust + size);
};

const drift = (trust: Nano, elapsedMs: number, constants: TrustConstants): Nano => {
  const initial = toNano(constants.initial);
  const away = decayNano(Math.abs(trust - initial), elapsedMs, constants.half_life_days);
  return trust < initial ? initial - away : initial + away;
};

/** The trust at a moment, after these steps. */
export const trustAfter = (
  steps: readonly TrustStep[],
  asOf: HlcStamp,
  constants: TrustConstants,
): Nano => {
  const last = steps.at(-1);
  if (last === undefined) return toNano(constants.initial);
  return drift(last.trust, stampMs(asOf) - last.effectiveMs, constants);
};
