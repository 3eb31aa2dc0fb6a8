/**
 * What retracting a source would change: the pairs whose answer rests on it, each with its answer
 * now and as it would be. Both are computed over one reading, by two sittings of which the second
 * assumes the retraction, so nothing but the retraction is between them.
 *
 * Only pairs of claims that rest on the source can change, and those that aliases join to them, so
 * the cost is that of the dependants and of what is joined to them, not of the database. Pages that
 * follow soon share the walk over them.
 */
import type {
  AnswerResult,
  Impact,
  ImpactAnswer,
  JsonObject,
  Outcome,
  RecordId,
  RecordKind,
} from '@stemedb/model';
import { decodeComposed, fail, formatTime, invalidField, ok } from '@stemedb/model';
import type { Lens } from '../lens/lens.js';
import { formatPosition } from '../log/position.js';
import type { Pair } from '../store/candidate_loader.js';
import { affectedPairs, pairOrder } from './affected.js';
import type { Moment } from './as_of.js';
import type { QueryCollaborators } from './collaborators.js';
import { dependantsOf } from './dependants.js';
import type { KeptWalks, Walked } from './kept_walks.js';
import { movesWithTime } from './moving.js';
import { rowsPerPair } from './pace.js';
import type { Question } from './question.js';
import type { Reading, Readings } from './readings.js';
import { bindingOf, openCursor, pairOfState, sealCursor } from './sealed_cursor.js';
import { openSitting, resolvePair } from './sitting.js';
import { jsonBytes } from './stored_json.js';

export interface ImpactQuestion {
  readonly source: RecordId;
  readonly lens: string;
  readonly asOf?: string | number;
  readonly minPosition?: string;
  /** 1..1000 impacts. */
  readonly limit: number;
  readonly cursor?: string;
}

export interface ImpactCollaborators extends QueryCollaborators {
  readonly readings: Readings;
  readonly walks: KeptWalks;
}

/** Where a page begins, and what the first page was read from. */
interface Begun {
  readonly moment: Moment | undefined;
  readonly after: Pair | undefined;
  readonly sequence: number | undefined;
}

/** The source, when it is one and known at the moment. */
export const checkSource = (reading: Reading, id: RecordId): Outcome<void> => {
  const kind = kindOf(reading, id);
  if (kind === 'source') return ok(undefined);
  if (kind === undefined) {
    return fail({ code: 'not_found', detail: `There is no source with the id ${id} here.` });
  }
  const detail =
    `${id} is a record of kind "${kind}", not a source; ` +
    'take it back with a supersession (POST /v1/supersede, action "retract").';
  return fail(invalidField('/id', detail));
};

const kindOf = ({ reader, moment }: Reading, id: RecordId): RecordKind | undefined =>
  reader.content(id, moment.stamp)?.kind;

/** The question of which each pair's answer is asked; its scope only says that joined claims
 * count for a pair that has none of its own. */
const questionOf = ({ lens, limit }: ImpactQuestion): Question => ({
  scope: { type: 'concept', conceptPath: '' },
  lens,
  limit,
});

const lensOf = (parts: ImpactCollaborators, name: string): Outcome<Lens> => {
  const lens = parts.lenses.get(name);
  const single = parts.lenses.names().filter((one) => !collects(parts, one));
  if (lens !== undefined && lens.collects === undefined) return ok(lens);
  const why = lens === undefined ? `There is no lens "${name}"` : `"${name}" collects many pairs`;
  return fail(invalidField('/lens', `${why}; impact is asked under one of ${single.join(', ')}.`));
};

const collects = (parts: ImpactCollaborators, name: string): boolean =>
  parts.lenses.get(name)?.collects !== undefined;

/** One page of what retracting a source would change; `scope` is what the caller may see. */
export const impactOf = async (
  parts: ImpactCollaborators,
  scope: string,
  asked: ImpactQuestion,
  signal?: AbortSignal,
): Promise<Outcome<ImpactAnswer>> => {
  const lens = lensOf(parts, asked.lens);
  if (!lens.ok) return lens;
  const begun = begin(parts, scope, asked);
  if (!begun.ok) return begun;
  const { asOf, minPosition } = asked;
  const { moment } = begun.value;
  const moves = movesWithTime(questionOf(asked), lens.value);
  const options = { asOf, moment, minPosition, signal, movesWithTime: moves };
  return parts.readings.read(options, (reading) =>
    answer(parts, scope, asked, lens.value, begun.value, reading),
  );
};

const bindingOfImpact = ({ source, lens }: ImpactQuestion, scope: string): string =>
  bindingOf({ impact: source, lens, scope });

const begin = (
  { cursorKey, clock }: ImpactCollaborators,
  scope: string,
  asked: ImpactQuestion,
): Outcome<Begun> => {
  const { cursor, asOf } = asked;
  if (cursor === undefined) {
    return ok({ moment: undefined, after: undefined, sequence: undefined });
  }
  const binding = bindingOfImpact(asked, scope);
  const opened = openCursor(cursorKey, binding, { cursor, asOf }, clock.wallMs(), readPlace);
  return opened.ok ? ok({ moment: opened.value.moment, ...opened.value.place }) : opened;
};

const readPlace = (
  state: JsonObject,
): { readonly after: Pair; readonly sequence: number } | undefined => {
  const after = pairOfState(state);
  return after === undefined || typeof state.p !== 'number'
    ? undefined
    : { after, sequence: state.p };
};

const walkFrom = async (
  reading: Reading,
  source: RecordId,
  dependantsMax: number,
): Promise<Outcome<Walked>> => {
  const walked = await dependantsOf(reading, source, dependantsMax);
  if (!walked.ok) return walked;
  const { claims, sequence } = walked.value;
  const pairs = await affectedPairs(reading, claims, dependantsMax);
  return pairs.ok ? ok({ dependants: claims.length, sequence, pairs: pairs.value }) : pairs;
};

const answer = async (
  parts: ImpactCollaborators,
  scope: string,
  asked: ImpactQuestion,
  lens: Lens,
  begun: Begun,
  reading: Reading,
): Promise<Outcome<ImpactAnswer>> => {
  const { cursorKey, clock, log, walks } = parts;
  const known = checkSource(reading, asked.source);
  if (!known.ok) return known;
  const walked = await walks.walk(reading, asked.source, asked.limit, () =>
    walkFrom(reading, asked.source, parts.readings.limits.dependantsMax),
  );
  if (!walked.ok) return walked;
  const { dependants, sequence: walkedTo, pairs } = walked.value;
  const { impacts, next } = await readImpacts(parts, asked, lens, reading, pairs, begun.after);
  const { stamp, ms } = reading.moment;
  if (next === undefined) walks.forget(asked.source, stamp);
  // What was added between two pages is after the position of both.
  const sequence = Math.min(begun.sequence ?? walkedTo, walkedTo);
  const binding = bindingOfImpact(asked, scope);
  const state = ({ conceptPath, predicate }: Pair): JsonObject => ({
    a: [conceptPath, predicate],
    m: ms,
    p: sequence,
    s: stamp,
  });
  return ok({
    source: asked.source,
    lens: lens.name,
    as_of: formatTime(ms),
    as_of_stamp: stamp,
    position: formatPosition({ logId: log.logId, sequence }),
    dependants,
    impacts,
    ...(next === undefined
      ? {}
      : { next_cursor: sealCursor(cursorKey, binding, state(next), clock.wallMs()) }),
  });
};

/** Where the pairs after this one begin, by halving. */
const firstAfter = (pairs: readonly Pair[], passed: Pair): number => {
  const key = pairOrder(passed);
  let low = 0;
  let high = pairs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const pair = pairs[middle];
    if (pair !== undefined && Buffer.compare(pairOrder(pair), key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

const resultIn = (text: Uint8Array): AnswerResult | null =>
  decodeComposed(text) as unknown as AnswerResult | null;

/** Resolves pairs as they are and as they would be, until the page is full. */
const readImpacts = async (
  parts: ImpactCollaborators,
  asked: ImpactQuestion,
  lens: Lens,
  reading: Reading,
  pairs: readonly Pair[],
  after: Pair | undefined,
): Promise<{ readonly impacts: readonly Impact[]; readonly next: Pair | undefined }> => {
  const question = questionOf(asked);
  const now = openSitting(parts, parts.readings, reading, { question, lens });
  const assume = { retracted: asked.source };
  const then = openSitting(parts, parts.readings, reading, { question, lens, assume });
  const impacts: Impact[] = [];
  let last: Pair | undefined;
  let hasRoom = true;
  const ahead = after === undefined ? pairs : pairs.slice(firstAfter(pairs, after));
  for (const pair of ahead) {
    // Once as it is, once as it would be.
    await reading.pace.spend(2 * rowsPerPair);
    if (impacts.length === asked.limit || !hasRoom) return { impacts, next: last };
    const before = jsonBytes((await resolvePair(now, pair)) ?? null);
    const afterwards = jsonBytes((await resolvePair(then, pair)) ?? null);
    last = pair;
    if (before.equals(afterwards)) continue;
    hasRoom = await reading.holding.drafted(before.length + afterwards.length);
    const { conceptPath: concept_path, predicate } = pair;
    impacts.push({ concept_path, predicate, old: resultIn(before), new: resultIn(afterwards) });
  }
  return { impacts, next: undefined };
};
