/** What a reader of one claim should know: references that are not known, classes not granted. */
import type {
  AnswerWarning,
  AssertionContent,
  HlcStamp,
  RecordContent,
  RecordId,
} from '@stemedb/model';
import type { StoreSnapshot } from '../store/store.js';
import { aliasPathsMax } from '../trust/rules.js';

const referencesOf = (content: AssertionContent): readonly RecordId[] =>
  [content.source, content.epoch, content.parent, ...(content.derived_from ?? [])].filter(
    (id) => id !== undefined,
  );

/** One warning for each reference that is not known at the moment. */
export const referenceWarnings = (
  snapshot: StoreSnapshot,
  content: RecordContent,
  asOf: HlcStamp,
): readonly AnswerWarning[] => {
  if (content.kind !== 'assertion') return [];
  const known = (id: RecordId): boolean => {
    const place = snapshot.place(id);
    return place !== undefined && place.stamp <= asOf;
  };
  return referencesOf(content)
    .filter((id) => !known(id))
    .map((id) => ({ code: 'unknown_reference', detail: `${id} is not known here.` }));
};

/** The warning of a claim that asked for a class above its author's grant. */
export const classWarning = (requested: string, counted: string): AnswerWarning => ({
  code: 'class_not_granted',
  detail: `The class "${requested}" is not granted to the author; it counts as "${counted}".`,
});

/** The warning of a result that more concepts are joined to than are read. */
export const aliasesTruncated = (conceptPath: string): AnswerWarning => ({
  code: 'aliases_truncated',
  detail:
    `More than ${aliasPathsMax} concepts are joined to ${conceptPath} by aliases; ` +
    `the claims of the first ${aliasPathsMax} took part.`,
});
