/** From a resolution to the result of one pair, as it goes out. */
import type {
  AnswerResult,
  AnswerTier,
  AnswerValue,
  AnswerWarning,
  JsonValue,
  RecordId,
  StatedRecord,
} from '@stemedb/model';
import type { Lens, RankedValue, Resolution, TierResolution } from '../lens/lens.js';
import type { Pair } from '../store/candidate_loader.js';
import type { JoinedPaths } from '../trust/rules.js';
import type { TaintReason } from '../trust/taint.js';
import { inByteOrder } from './byte_order.js';
import type { CandidateSet, WeighedCandidate } from './candidates.js';
import { explanation, shownScore } from './explain.js';
import type { Reading } from './readings.js';
import { DamagedRecord, type Stored } from './records.js';
import {
  cutValue,
  type StatedValue,
  type StoredJson,
  type StoredRecord,
  statedValueOf,
} from './stored_json.js';
import { taintWarnings } from './taints.js';
import { aliasesTruncated, classWarning, referenceWarnings } from './warnings.js';

/** Values that one result lists; the count of all stands in `values_count`. */
const listedValuesMax = 100;

interface AnswerParts {
  readonly lens: Lens;
  readonly pair: Pair;
  readonly set: CandidateSet;
  readonly joined: JoinedPaths;
  readonly resolution: Resolution;
  readonly reading: Reading;
  /** Undefined: no explanation is wanted. */
  readonly explainOffset: number | undefined;
}

/** A result whose values and records are as they are stored. */
export type DraftedResult = AnswerResult<StoredJson<JsonValue>, StoredRecord>;

const statedValue = ({ reading }: AnswerParts, claim: Stored): StatedValue => {
  const value = reading.reader.valueOf(claim, reading.moment.stamp);
  if (value === undefined) throw new DamagedRecord(`Assertion ${claim.id} cannot be read.`);
  return statedValueOf(value);
};

const listed = (
  parts: AnswerParts,
  { representative, score, share, support, claims }: RankedValue,
): AnswerValue<StoredJson<JsonValue>> => {
  const { value, unit } = statedValue(parts, representative);
  // Members that are undefined are not written; an object of one shape is made sooner than spread.
  return {
    value,
    unit,
    score: shownScore(parts.lens, score),
    share,
    support: support / 1e9,
    claims,
    assertion: representative.id,
  } as AnswerValue<StoredJson<JsonValue>>;
};

const tierOf = (parts: AnswerParts, tier: TierResolution): AnswerTier<StoredJson<JsonValue>> => {
  const winner = tier.values[0];
  if (winner === undefined) throw new Error('A populated tier has a value.');
  return {
    tier: tier.tier,
    class: tier.className,
    ...statedValue(parts, winner.representative),
    confidence: tier.confidence,
    conflict_score: tier.conflict.conflictScore,
    candidates_count: tier.values.reduce((sum, value) => sum + value.claims, 0),
    assertion: winner.representative.id,
    ...(tier.tied ? { tied: true } : {}),
  };
};

const winnerWarnings = (
  { reading: { snapshot, moment } }: AnswerParts,
  winner: WeighedCandidate,
  stated: StatedRecord<StoredRecord>,
): readonly AnswerWarning[] => {
  const { notGranted, name } = winner.counted;
  return [
    ...(notGranted === undefined ? [] : [classWarning(notGranted, name)]),
    ...(winner.hasReferences
      ? referenceWarnings(snapshot, stated.record.parsed, moment.stamp)
      : []),
    ...taintWarnings(winner.taint),
  ];
};

interface WinnerMembers {
  readonly id?: RecordId;
  readonly members: object;
  readonly rivals: readonly RankedValue[];
  readonly warnings: readonly AnswerWarning[];
}

/** The members of a result that exist only where the lens names a winner. */
const winnerMembers = async (parts: AnswerParts): Promise<WinnerMembers> => {
  const { resolution, reading } = parts;
  const winner = resolution.values[0];
  if (!resolution.hasWinner || winner === undefined)
    return { members: {}, rivals: [], warnings: [] };
  const stated = await reading.claims.stated(reading, winner.representative);
  if (stated === undefined) throw new DamagedRecord('The winning claim cannot be read.');
  const rivals = resolution.values
    .slice(1, listedValuesMax)
    .filter((value) => value.score === winner.score);
  const candidate = parts.set.candidates.find(({ id }) => id === stated.id);
  if (candidate === undefined) throw new Error(`${stated.id} won without taking part.`);
  const { lifecycle, voiceOf } = candidate;
  const members = {
    ...statedValueOf(cutValue(stated.record.bytes)),
    confidence: resolution.confidence,
    ...(resolution.tied
      ? { tied: true, tied_with: rivals.map((rival) => listed(parts, rival)) }
      : {}),
    assertion: stated,
    lifecycle,
    ...(voiceOf === undefined ? {} : { voice_of: voiceOf }),
  };
  const warnings = winnerWarnings(parts, candidate, stated);
  return { id: stated.id, members, rivals, warnings };
};

/** The claims that a result names beside its winner. */
const namedBeside = ({ resolution }: AnswerParts, members: WinnerMembers): readonly RecordId[] => {
  const tiers = resolution.tiers?.map(({ values }) => values[0]) ?? [];
  const beside = resolution.hasWinner
    ? members.rivals
    : resolution.values.slice(0, listedValuesMax);
  return [...beside, ...tiers].flatMap((value) => value?.representative.id ?? []);
};

/** One warning for each of them that takes part only because the question wants it to. */
const besideWarnings = (parts: AnswerParts, members: WinnerMembers): readonly AnswerWarning[] => {
  const broughtBack = new Map<RecordId, TaintReason>();
  for (const { id, taint } of parts.set.candidates) {
    if (taint?.out === true) broughtBack.set(id, taint);
  }
  if (broughtBack.size === 0) return [];
  const named = new Set(namedBeside(parts, members));
  if (members.id !== undefined) named.delete(members.id);
  return [...named].flatMap((id) =>
    taintWarnings(broughtBack.get(id)).map(({ code, detail }) => ({
      code,
      detail: `${id}: ${detail}`,
    })),
  );
};

/** The other concepts whose claims are among the candidates. */
const aliasesOf = ({ pair, set, joined }: AnswerParts): readonly string[] => {
  if (joined.paths.length === 1) return [];
  const paths = new Set(set.candidates.map(({ conceptPath }) => conceptPath));
  paths.delete(pair.conceptPath);
  return inByteOrder(paths);
};

/** The result of one pair. */
export const resultOf = async (parts: AnswerParts): Promise<DraftedResult> => {
  const { pair, set, resolution, explainOffset } = parts;
  const { conflict } = resolution;
  const winner = await winnerMembers(parts);
  const aliases = aliasesOf(parts);
  const truncated = resolution.truncated + set.votesLeftOut;
  const warnings = [
    ...(parts.joined.truncated ? [aliasesTruncated(pair.conceptPath)] : []),
    ...winner.warnings,
    ...besideWarnings(parts, winner),
  ];
  return {
    concept_path: pair.conceptPath,
    predicate: pair.predicate,
    ...winner.members,
    conflict_score: conflict.conflictScore,
    entropy_bits: conflict.entropyBits,
    values_count: conflict.valuesCount,
    status: conflict.status,
    candidates_count: set.candidates.length,
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(truncated > 0 ? { truncated } : {}),
    ...(resolution.hasWinner
      ? {}
      : {
          values: resolution.values.slice(0, listedValuesMax).map((value) => listed(parts, value)),
        }),
    ...(resolution.tiers === undefined
      ? {}
      : { tiers: resolution.tiers.map((tier) => tierOf(parts, tier)) }),
    ...(resolution.notes === undefined ? {} : { notes: resolution.notes }),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(explainOffset === undefined
      ? {}
      : {
          explain: explanation(parts.lens, set, resolution, explainOffset, (ranked) =>
            listed(parts, ranked),
          ),
        }),
  };
};
