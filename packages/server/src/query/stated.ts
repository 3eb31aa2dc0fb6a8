/** One record read on its own, with what its reader should know of it. */
import type {
  AnswerWarning,
  Outcome,
  RecordContent,
  RecordId,
  RecordKind,
  StatedRecord,
  StemeError,
} from '@stemedb/model';
import { fail, kindNumber, ok, parseKind } from '@stemedb/model';
import { classTableOf } from '../trust/source_class.js';
import { classRequests } from './candidates.js';
import type { Reading } from './readings.js';
import { statedWithSignatures } from './signatures.js';
import { taintWarnings } from './taints.js';
import { classWarning, referenceWarnings } from './warnings.js';

/** Number of a kind; that of no record for a name that this version does not know. */
const numberOf = (name: string): number => {
  const kind = parseKind(name);
  return kind === undefined ? 0 : kindNumber[kind];
};

/** `class_not_granted`, as the answers have it that this claim wins. */
const classWarnings = (content: RecordContent, reading: Reading): readonly AnswerWarning[] => {
  if (content.kind !== 'assertion') return [];
  const classes = classTableOf(reading.policy);
  const cited = reading.origins.citedBy(content);
  const suggested = classes.suggestedBy(content.concept_path);
  const { notGranted, name } = classes.count(
    classRequests(content.agent_id, content.source_class, cited, suggested),
  );
  return notGranted === undefined ? [] : [classWarning(notGranted, name)];
};

/** A claim of a superseded epoch is left out of answers, though nothing was said of it itself. */
const epochWarnings = (content: RecordContent, { rules }: Reading): readonly AnswerWarning[] => {
  if (content.kind !== 'assertion' || content.epoch === undefined) return [];
  const by = rules.epochSupersededBy(content.epoch);
  if (by === undefined) return [];
  const detail = `Left out of answers unless asked for: its epoch was superseded by ${by}.`;
  return [{ code: 'epoch_superseded', detail }];
};

const notHere = (id: RecordId, kind: string | undefined): StemeError => ({
  code: 'not_found',
  detail: `There is no ${kind ?? 'record'} with the id ${id} here.`,
});

/** Nothing but that it is here: `not_found` when it is not here at the moment, or of other kind. */
export const knownRecord = (
  { snapshot, moment }: Reading,
  id: RecordId,
  kind: RecordKind,
): Outcome<void> => {
  const place = snapshot.place(id);
  const isKnown = place?.kind === kindNumber[kind] && place.stamp <= moment.stamp;
  return isKnown ? ok(undefined) : fail(notHere(id, kind));
};

/** The record; `not_found` when it is not here at the moment, or not of this kind. */
export const statedRecord = async (
  reading: Reading,
  id: RecordId,
  kind: string | undefined,
): Promise<Outcome<StatedRecord>> => {
  const { snapshot, moment, rules } = reading;
  const { stamp } = moment;
  const number = kind === undefined ? undefined : numberOf(kind);
  const stated = await statedWithSignatures(reading, id, number);
  if (stated === undefined) return fail(notHere(id, kind));
  const taints = await rules.provenance.tainted([id], stamp);
  const warnings = [
    ...classWarnings(stated.record, reading),
    ...referenceWarnings(snapshot, stated.record, stamp),
    ...taintWarnings(taints.get(id)),
    ...epochWarnings(stated.record, reading),
  ];
  return ok(warnings.length > 0 ? { ...stated, warnings } : stated);
};
