/**
 * What a seed makes of a run: what each client says and asks, what befalls the node, and the limits
 * that the node is opened with. A plan is plain data, so that steps of it can be left out to find
 * the few that a failure needs.
 */
import { type AgentId, type RecordKind, recordKinds } from '@stemedb/model';
import type { Question } from '../../src/query/question.js';
import { type Draft, everybody } from '../support/histories/cast.js';
import { wholeHistory } from '../support/histories/whole.js';
import { someQuestions } from '../support/questions.js';
import type { SeededRandom } from './seeded_random.js';
import type { OperationType } from './simulated_disk.js';
import type { Loss } from './simulated_inode.js';

/** Which moment is asked about: none, that of the wall clock, or one that was answered before. */
export type AskedMoment = 'visible' | 'now' | 'answered';

export type ClientStep =
  | {
      readonly type: 'write';
      readonly drafts: readonly Draft[];
      /** Alone, in one call, each twice in one turn, or each by a call of its own in one turn. */
      readonly how: 'alone' | 'together' | 'twice' | 'at once';
    }
  /** Says once more what was said before, by whomever. */
  | { readonly type: 'again'; readonly pick: number }
  | {
      readonly type: 'ask';
      readonly question: Question;
      readonly moment: AskedMoment;
      /** How many records beyond the last acknowledged one the answer must hold; 0: not stated. */
      readonly ahead: number;
    }
  | {
      readonly type: 'list';
      readonly kind: RecordKind;
      /** Kinds that are many are listed by agent. */
      readonly agentId: AgentId | undefined;
      readonly moment: AskedMoment;
      readonly ahead: number;
    }
  /** Asks once more what was answered before as of a fixed moment. */
  | { readonly type: 'repeat'; readonly pick: number }
  | { readonly type: 'read'; readonly pick: number }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'prove'; readonly pick: number }
  | { readonly type: 'audit' }
  | { readonly type: 'pause'; readonly ms: number };

/** What is waited for before something befalls the node. */
type When =
  | { readonly type: 'steps'; readonly count: number }
  | { readonly type: 'acknowledged' }
  /** The call happens, and nobody hears of it any more. */
  | { readonly type: 'called'; readonly kind: string };

export type Deed =
  | { readonly type: 'power loss'; readonly loss: Loss }
  | { readonly type: 'kill' }
  | { readonly type: 'restart' }
  | { readonly type: 'clock'; readonly byMs: number }
  | {
      readonly type: 'disk error';
      readonly operation: OperationType;
      readonly code: string;
      readonly times: number;
    }
  | { readonly type: 'short writes'; readonly times: number }
  | { readonly type: 'full'; readonly leftBytes: number }
  | { readonly type: 'space' }
  | { readonly type: 'engine error'; readonly times: number }
  | { readonly type: 'store lost' };

export interface Mishap {
  readonly when: When;
  readonly deed: Deed;
}

export interface Plan {
  readonly clients: readonly (readonly ClientStep[])[];
  readonly mishaps: readonly Mishap[];
  readonly segmentBytesMax: number;
  readonly freeBytesMin: number;
  readonly handOverChanges: number;
  readonly heldChangesMax: number;
  readonly cacheBytesMax: number;
  /** How the node ends before what it holds is looked at for the last time. */
  readonly lastDeed: Deed;
  /** What is damaged at last, past every rule. */
  readonly rot: 'nothing' | 'log' | 'store';
}

const moments: readonly AskedMoment[] = ['visible', 'now', 'now', 'answered'];

const somePick = (random: SeededRandom): number => random.below(1_000_000);

const someAhead = (random: SeededRandom): number => (random.chance(0.35) ? random.below(4) : 0);

const otherStep = (random: SeededRandom, questions: readonly Question[]): ClientStep => {
  const moment = random.pick(moments);
  const dice = random.below(100);
  if (dice < 20) {
    return { type: 'ask', question: random.pick(questions), moment, ahead: someAhead(random) };
  }
  if (dice < 45) {
    const kind = random.pick(recordKinds);
    const isMany = kind === 'assertion' || kind === 'attestation';
    const agentId = isMany || random.chance(0.2) ? random.pick(everybody) : undefined;
    return { type: 'list', kind, agentId, moment, ahead: someAhead(random) };
  }
  if (dice < 55) return { type: 'repeat', pick: somePick(random) };
  if (dice < 65) return { type: 'read', pick: somePick(random) };
  if (dice < 72) return { type: 'checkpoint' };
  if (dice < 77) return { type: 'prove', pick: somePick(random) };
  if (dice < 87) return { type: 'again', pick: somePick(random) };
  if (dice < 90) return { type: 'audit' };
  return { type: 'pause', ms: random.pick([1, 20, 200, 3000, 11_000]) };
};

const ways = ['alone', 'alone', 'twice', 'together', 'together', 'at once'] as const;

/** The drafts in order, some said alone and some together, dealt out to the clients. */
const clientSteps = (
  random: SeededRandom,
  drafts: readonly Draft[],
  questions: readonly Question[],
): readonly (readonly ClientStep[])[] => {
  const clients: ClientStep[][] = Array.from({ length: 1 + random.below(4) }, () => []);
  for (let at = 0; at < drafts.length; ) {
    const how = random.pick(ways);
    const count = how === 'together' || how === 'at once' ? 1 + random.below(6) : 1;
    const client = random.pick(clients);
    const step = { type: 'write', drafts: drafts.slice(at, at + count), how } as const;
    client.push(step);
    // Others say the same, perhaps while it is on its way.
    if (random.chance(0.35)) random.pick(clients).push(step);
    at += count;
    while (random.chance(0.4)) random.pick(clients).push(otherStep(random, questions));
  }
  return clients;
};

/** Kinds of effects behind which the node may be cut off. */
const cutOffKinds: readonly string[] = [
  'write',
  'datasync',
  'rename',
  'open',
  'syncDirectory',
  'engine commit',
  'engine commit',
  'engine flush',
];

const someWhen = (random: SeededRandom): When => {
  const dice = random.below(10);
  if (dice < 5) return { type: 'steps', count: random.below(120) };
  if (dice < 8) return { type: 'acknowledged' };
  return { type: 'called', kind: random.pick(cutOffKinds) };
};

const losses: readonly Loss[] = ['any', 'any', 'nothing kept', 'all kept'];
const syncs: readonly OperationType[] = ['datasync', 'datasync', 'syncDirectory'];

const someDeed = (random: SeededRandom): Deed => {
  const dice = random.below(100);
  if (dice < 30) return { type: 'power loss', loss: random.pick(losses) };
  if (dice < 42) return { type: 'kill' };
  if (dice < 52) return { type: 'restart' };
  if (dice < 60) return { type: 'clock', byMs: random.pick([-3_600_000, -50, -3, 40, 3_600_000]) };
  const times = 1 + random.below(2);
  if (dice < 68) {
    return { type: 'disk error', operation: random.pick(syncs), code: 'EIO', times };
  }
  if (dice < 75) {
    const code = random.pick(['EIO', 'ENOSPC', 'EROFS', 'EINTR', 'EMFILE']);
    return { type: 'disk error', operation: random.pick(['write', 'create']), code, times };
  }
  if (dice < 80) return { type: 'short writes', times: 1 + random.below(3) };
  if (dice < 93) return { type: 'full', leftBytes: random.below(1200) };
  return random.chance(0.5) ? { type: 'engine error', times } : { type: 'store lost' };
};

const someMishaps = (random: SeededRandom): readonly Mishap[] => {
  const mishaps: Mishap[] = [];
  const count = random.chance(0.15) ? 0 : 1 + random.below(6);
  for (let at = 0; at < count; at += 1) {
    const deed = someDeed(random);
    mishaps.push({ when: someWhen(random), deed });
    if (deed.type !== 'full') continue;
    const when = { type: 'steps', count: 20 + random.below(100) } as const;
    mishaps.push({ when, deed: { type: 'space' } });
  }
  return mishaps;
};

const lastDeeds: readonly Deed[] = [
  { type: 'power loss', loss: 'nothing kept' },
  { type: 'power loss', loss: 'any' },
  { type: 'kill' },
  { type: 'restart' },
  { type: 'store lost' },
];

/** The plan of a run; `node` is the agent of the node that it is played on. */
export const somePlan = (random: SeededRandom, startMs: number, node: AgentId): Plan => {
  const length = 6 + random.below(30);
  const drafts = wholeHistory(random, { length, startMs, node })
    .map(({ draft }) => draft)
    // A policy comes with the configuration or by replication, never through the gates.
    .filter(({ kind }) => kind !== 'policy');
  const epochs = drafts.filter(({ kind }) => kind === 'epoch').map(({ id }) => id);
  const questions = random.shuffled(someQuestions(random, 24, { epochs, startMs })).slice(0, 6);
  const handOverChanges = random.pick([1, 1, 1, 60, 400, 5_000]);
  return {
    clients: clientSteps(random, drafts, questions),
    mishaps: someMishaps(random),
    segmentBytesMax: random.pick([2_000, 5_000, 20_000, 1_000_000]),
    freeBytesMin: random.pick([0, 1000]),
    handOverChanges,
    heldChangesMax: random.pick([1, 1, 4]) * handOverChanges,
    cacheBytesMax: random.pick([0, 100_000, 64 * 1024 * 1024]),
    lastDeed: random.pick(lastDeeds),
    rot: random.pick(['nothing', 'nothing', 'log', 'store']),
  };
};
