/**
 * Constraints: what a concept, or one of its ancestors, says must be used, is forbidden or is
 * preferred. Pure functions: which pairs a collecting lens is asked about, and what each result
 * asks of whom. How a pair is decided is the lens's part.
 *
 * An ancestor is a path of fewer whole segments; `scheme://` belongs to the first one. So
 * `code://web/auth/login` has `code://web/auth` and `code://web`, and nothing above that.
 */
import type { AnswerConstraint, JsonValue } from '@stemedb/model';
import type { Collection } from '../lens/lens.js';
import type { DraftedResult } from './answer.js';
import type { StoredJson } from './stored_json.js';

const schemeEnd = '://';

/** The concept itself first, then its ancestors, the nearest first; at most 32 paths. */
export const withAncestors = (conceptPath: string): string[] => {
  const scheme = conceptPath.indexOf(schemeEnd);
  const rootAt = scheme < 0 ? 0 : scheme + schemeEnd.length;
  const segments = conceptPath.slice(rootAt).split('/');
  const start = conceptPath.slice(0, rootAt);
  return segments.map((_, up) => start + segments.slice(0, segments.length - up).join('/'));
};

/** The paths whose pairs a collecting lens is asked about, in the order of an answer (bytewise:
 * each is the beginning of the next). */
export const pathsAsked = (conceptPath: string): string[] => withAncestors(conceptPath).reverse();

/** Whether a pair of one of those paths takes part. */
export const isCollected = (collection: Collection, predicate: string): boolean =>
  collection.predicatePrefixes.some((prefix) => predicate.startsWith(prefix));

type ConstraintType = AnswerConstraint['type'];

const types: readonly ConstraintType[] = ['must_use', 'forbidden', 'prefer'];

/** What a predicate asks; undefined when it is no constraint. */
export const constraintOf = (
  predicate: string,
): Pick<AnswerConstraint, 'type' | 'subject'> | undefined => {
  const type = types.find((name) => predicate.startsWith(`${name}:`));
  return type === undefined ? undefined : { type, subject: predicate.slice(type.length + 1) };
};

/** What of a result decides its constraint. */
export type ConstrainedResult = Pick<DraftedResult, 'concept_path' | 'predicate'> & {
  readonly value?: Pick<StoredJson<JsonValue>, 'parsed'>;
};

/** A constraint whose winning value is `false` is lifted: it demands and forbids nothing. */
const inForce = (result: ConstrainedResult): boolean => result.value?.parsed !== false;

/** Paths by what they forbid or demand: `f:` or `d:` and the subject. */
type Sides = ReadonlyMap<string, ReadonlySet<string>>;

const sideKey = (type: ConstraintType, subject: string): string =>
  `${type === 'forbidden' ? 'f' : 'd'}:${subject}`;

const otherSideKey = (type: ConstraintType, subject: string): string =>
  `${type === 'forbidden' ? 'd' : 'f'}:${subject}`;

const sidesOf = (results: readonly ConstrainedResult[]): Sides => {
  const sides = new Map<string, Set<string>>();
  for (const result of results) {
    const constraint = constraintOf(result.predicate);
    if (constraint === undefined || !inForce(result)) continue;
    const key = sideKey(constraint.type, constraint.subject);
    const paths = sides.get(key) ?? new Set();
    sides.set(key, paths.add(result.concept_path));
  }
  return sides;
};

/** Segments between a concept and one of the paths asked for it. */
const distance = (asked: readonly string[], path: string): number => {
  const place = asked.indexOf(path);
  if (place < 0) throw new RangeError(`${path} is not ${asked[0]} or one of its ancestors`);
  return place;
};

/** Whether a predicate says the opposite of one of these results, should it be in force. */
export const opponentsOf = (
  results: readonly ConstrainedResult[],
): ((predicate: string) => boolean) => {
  const sides = sidesOf(results);
  return (predicate) => {
    const constraint = constraintOf(predicate);
    return constraint !== undefined && sides.has(otherSideKey(constraint.type, constraint.subject));
  };
};

/**
 * The constraint of each result, in the order given; undefined where the predicate is none.
 * Contradictions are looked for among the results and the others given: together they must hold
 * every result of the scope that is an opponent of one of them.
 */
export const constraintsOf = (
  conceptPath: string,
  results: readonly ConstrainedResult[],
  others: readonly ConstrainedResult[] = [],
): (AnswerConstraint | undefined)[] => {
  const asked = withAncestors(conceptPath);
  const sides = sidesOf([...results, ...others]);
  return results.map((result) => {
    const constraint = constraintOf(result.predicate);
    if (constraint === undefined) return undefined;
    const { type, subject } = constraint;
    const against = inForce(result) ? sides.get(otherSideKey(type, subject)) : undefined;
    return {
      type,
      subject,
      distance: distance(asked, result.concept_path),
      // The paths lie on one line, so the shorter one is the bytewise smaller one.
      ...(against === undefined
        ? {}
        : { contradicted_by: [...against].sort((a, b) => a.length - b.length) }),
    };
  });
};
