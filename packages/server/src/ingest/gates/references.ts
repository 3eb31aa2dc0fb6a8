/**
 * Gate 7, as far as it is about the records that a record names: they are of the right kind, the
 * target of what is about one record is known, and unknown references of a claim are warned of.
 */
import type { Outcome, RecordContent, RecordId, RecordKind } from '@stemedb/model';
import { fail, kindOfNumber, ok } from '@stemedb/model';
import type { Warning } from '../ingest.js';
import type { GateContext } from './context.js';
import { refuse } from './refusal.js';

interface Reference {
  readonly pointer: string;
  readonly id: RecordId;
  readonly kinds: readonly RecordKind[];
}

const none: readonly Reference[] = [];

const references = (content: RecordContent): readonly Reference[] => {
  if (content.kind === 'epoch') {
    return (content.supersedes ?? []).map((id, at) => ({
      pointer: `/supersedes/${at}`,
      id,
      kinds: ['epoch'],
    }));
  }
  if (content.kind !== 'assertion') return none;
  const { source, epoch, parent, derived_from } = content;
  // Most claims name nothing.
  if ((source ?? epoch ?? parent ?? derived_from) === undefined) return none;
  const premises = (derived_from ?? []).map(
    (id, at): Reference => ({
      pointer: `/derived_from/${at}`,
      id,
      kinds: ['assertion', 'source'],
    }),
  );
  return [
    ...(source === undefined ? [] : [{ pointer: '/source', id: source, kinds: sources }]),
    ...(epoch === undefined ? [] : [{ pointer: '/epoch', id: epoch, kinds: epochs }]),
    ...(parent === undefined ? [] : [{ pointer: '/parent', id: parent, kinds: claims }]),
    ...premises,
  ];
};

const sources: readonly RecordKind[] = ['source'];
const epochs: readonly RecordKind[] = ['epoch'];
const claims: readonly RecordKind[] = ['assertion'];

/** The one record that a record is about, and the kinds that it may be of. */
const targetOf = (content: RecordContent): Reference | undefined => {
  if (content.kind === 'vote' || content.kind === 'verdict') {
    return { pointer: '/target', id: content.target, kinds: claims };
  }
  return undefined;
};

const notFound = (pointer: string, id: RecordId, kind: RecordKind): Outcome<never> =>
  fail({
    code: 'not_found',
    detail: `There is no record ${id} here to which this ${kind} applies.`,
    faults: [{ code: 'not_found', pointer, detail: 'Unknown record.' }],
  });

const article = (kind: string): string => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`);

const wrongKind = (
  { pointer, id, kinds }: Reference,
  kind: RecordKind | undefined,
): Outcome<never> =>
  refuse(
    'invalid_field',
    pointer,
    `${id} is of kind "${kind ?? 'unknown'}"; name ${kinds.map(article).join(' or ')}.`,
  );

/** The kind of a known record; `unknown` for one that this release does not understand. */
const kindOf = (context: GateContext, id: RecordId): RecordKind | 'unknown' | undefined => {
  const place = context.place(id);
  return place === undefined ? undefined : (kindOfNumber(place.kind) ?? 'unknown');
};

/** A supersession may be about any record; a replacement must be known and of the same kind. */
const supersessionTargets = (
  context: GateContext,
  content: Extract<RecordContent, { readonly kind: 'supersession' }>,
): Outcome<void> => {
  const kind = kindOf(context, content.target);
  if (kind === undefined) return notFound('/target', content.target, content.kind);
  const { replacement } = content;
  if (replacement === undefined) return ok(undefined);
  if (replacement === content.target) {
    const detail = 'A record cannot take its own place; name another one, or retract it.';
    return refuse('invalid_field', '/replacement', detail);
  }
  const other = kindOf(context, replacement);
  if (other === undefined) return notFound('/replacement', replacement, content.kind);
  if (other === kind) return ok(undefined);
  return refuse(
    'invalid_field',
    '/replacement',
    `${replacement} is of kind "${other}" and cannot replace what is of kind "${kind}"; ` +
      'name a record of the same kind.',
  );
};

const targetGate = (context: GateContext, content: RecordContent): Outcome<void> => {
  if (content.kind === 'supersession') return supersessionTargets(context, content);
  const target = targetOf(content);
  if (target === undefined) return ok(undefined);
  const kind = kindOf(context, target.id);
  if (kind === undefined) return notFound(target.pointer, target.id, content.kind);
  if (kind !== 'unknown' && target.kinds.includes(kind)) return ok(undefined);
  return wrongKind(target, kind === 'unknown' ? undefined : kind);
};

const noWarnings: Outcome<readonly Warning[]> = ok([]);

/** Kinds of what is referred to, missing targets, and warnings for unknown references. */
export const referenceGate = (
  context: GateContext,
  content: RecordContent,
): Outcome<readonly Warning[]> => {
  const target = targetGate(context, content);
  if (!target.ok) return target;
  const named = references(content);
  if (named.length === 0) return noWarnings;
  const warnings: Warning[] = [];
  const warnedOf = new Set<RecordId>();
  for (const reference of named) {
    const { pointer, id, kinds } = reference;
    const kind = kindOf(context, id);
    if (kind === undefined) {
      if (warnedOf.has(id)) continue;
      warnedOf.add(id);
      const detail = `${id} is not known here yet; the record is kept and says so.`;
      warnings.push({ code: 'unknown_reference', detail, pointer });
    } else if (kind !== 'unknown' && !kinds.includes(kind)) {
      return wrongKind(reference, kind);
    }
  }
  return ok(warnings);
};
