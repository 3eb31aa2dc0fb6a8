/** Clients that do anything at any time: each goes its own way, all over the same few concepts. */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { type Draft, paths, predicates } from '../support/histories/cast.js';
import { type Seeded, someOf } from '../support/seeded.js';
import type { Caller } from './caller.js';
import type { Recorder } from './recorded.js';

/** Assertions in one array. */
const arrayClaims = 8;

type Asked = Readonly<Record<string, string>>;

/** Lenses whose answers do not move while nothing is written. */
const stillLenses = ['recency', 'confidence', 'consensus', 'votes', 'skeptic'];
/** Those that weigh by trust, which drifts once there are verdicts. */
const movingLenses = ['authority', 'layered'];

const variants: readonly Asked[] = [
  {},
  {},
  { explain: 'true' },
  { include_superseded: 'true' },
  { on_retracted: 'warn' },
  { aliases: 'all' },
  { aliases: 'none' },
  { lifecycle: 'approved' },
];

const movingVariants: readonly Asked[] = [
  { decay: 'class' },
  { decay: '30' },
  { min_trust: '0.5' },
];

/** What all sessions share: records still to be sent, and what was seen so far. */
export interface Common {
  readonly random: Seeded;
  readonly recorder: Recorder;
  /** Taken from its end. */
  readonly drafts: Draft[];
  readonly told: Draft[];
}

const someQuestion = (random: Seeded): { readonly asked: Asked; readonly isMoving: boolean } => {
  const scope = random.chance(0.7)
    ? { concept_path: random.pick(paths) }
    : { prefix: random.pick(['lab', 'lab/alpha', 'fda://drug']) };
  const narrowed = random.chance(0.2) ? { ...scope, predicate: random.pick(predicates) } : scope;
  const isMoving = random.chance(0.2);
  const lens = random.pick(isMoving ? movingLenses : stillLenses);
  const more = random.pick(isMoving ? movingVariants : variants);
  return { asked: { ...narrowed, lens, ...more, limit: '1000' }, isMoving };
};

const asksNow = async (caller: Caller, { random }: Common): Promise<boolean> => {
  const { asked, isMoving } = someQuestion(random);
  return (await caller.ask(asked, { isMoving })) !== undefined;
};

/** Asks again what anybody asked before, as of that moment; or something new about that moment. */
const asksAgain = async (caller: Caller, common: Common): Promise<boolean> => {
  const { random, recorder } = common;
  if (recorder.reads.length === 0) return asksNow(caller, common);
  if (random.chance(0.2)) {
    // This very millisecond, in which records are being stamped.
    const { asked, isMoving } = someQuestion(random);
    return (await caller.ask(asked, { isMoving, asOf: `${Date.now()}` })) !== undefined;
  }
  const { question, isMoving, asOf } = random.pick(recorder.reads);
  const asked = random.chance(0.7)
    ? { asked: Object.fromEntries(new URLSearchParams(question)), isMoving }
    : someQuestion(random);
  return (await caller.ask(asked.asked, { isMoving: asked.isMoving, asOf })) !== undefined;
};

const acknowledgedOf = (common: Common): readonly { id: RecordId; stamp: HlcStamp }[] =>
  common.recorder.writes.flatMap(({ id, said }) =>
    said.type === 'accepted' ? [{ id, stamp: said.stamp }] : [],
  );

const readsBack = async (caller: Caller, common: Common): Promise<boolean> => {
  const known = acknowledgedOf(common);
  if (known.length === 0) return asksNow(caller, common);
  const { id, stamp } = common.random.pick(known);
  const found = await caller.read(id);
  if (found !== undefined && found !== stamp) {
    throw new Error(`${id} was acknowledged at ${stamp} and reads ${found}`);
  }
  return found !== undefined;
};

const writes = async (caller: Caller, common: Common): Promise<boolean> => {
  const draft = common.drafts.pop();
  if (draft === undefined) return asksNow(caller, common);
  common.told.push(draft);
  return caller.write(draft);
};

const writesArray = async (caller: Caller, common: Common): Promise<boolean> => {
  const { drafts, told } = common;
  const array: Draft[] = [];
  while (array.length < arrayClaims && drafts.at(-1)?.kind === 'assertion') {
    const draft = drafts.pop();
    if (draft !== undefined) array.push(draft);
  }
  if (array.length === 0) return writes(caller, common);
  told.push(...array);
  return caller.writeArray(array);
};

const writesAgain = async (caller: Caller, common: Common): Promise<boolean> => {
  if (common.told.length === 0) return writes(caller, common);
  return caller.write(common.random.pick(common.told));
};

type Doing = (caller: Caller, common: Common) => Promise<boolean>;

/** What happens how often; the sum is 100. */
const doings: readonly (readonly [number, Doing])[] = [
  [25, writes],
  [8, writesArray],
  [7, writesAgain],
  [40, asksNow],
  [14, asksAgain],
  [6, readsBack],
];

/** One session: acts until it is told to stop; waits for the server when it has gone. */
export const session = async (
  caller: Caller,
  common: Common,
  server: { readonly isOver: () => boolean; readonly back: () => Promise<void> },
): Promise<void> => {
  while (!server.isOver()) {
    const isThere = await someOf(common.random, doings)(caller, common);
    if (!isThere) await server.back();
  }
};
