/** `as_of` and `min_position` of what is read beside the questions. */
import { Type } from '@sinclair/typebox';
import type { Outcome, RecordId } from '@stemedb/model';
import { fail, invalidField, ok, parseRecordId, parseStamp, parseTime } from '@stemedb/model';
import type { FastifyRequest } from 'fastify';
import type { ReadMoment } from '../query/record_reads.js';

export const idParamsSchema = Type.Object({
  id: Type.String({ description: '64 lower-case hex digits.' }),
});

/** Fields of the query string that name a moment. */
export const momentFields = {
  as_of: Type.Optional(
    Type.Unsafe<string | number>({
      type: ['string', 'integer'],
      maxLength: 64,
      description: 'The moment: RFC 3339, integer milliseconds, or a stamp of 32 hex digits.',
    }),
  ),
  min_position: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'A position that a write answered; the answer includes that write.',
    }),
  ),
};

export interface MomentQuery {
  readonly as_of?: string | number;
  readonly min_position?: string;
}

/** Reads the two fields; `invalid_field` for an `as_of` that is none. */
export function readMomentOf(query: MomentQuery): Outcome<ReadMoment> {
  const asOf = query.as_of;
  const isMoment =
    asOf === undefined ||
    parseTime(asOf) !== undefined ||
    (typeof asOf === 'string' && parseStamp(asOf) !== undefined);
  if (!isMoment) {
    const detail = '"as_of" must be RFC 3339, integer milliseconds or a stamp; write + as %2B.';
    return fail(invalidField('/as_of', detail));
  }
  return ok({
    ...(asOf === undefined ? {} : { asOf }),
    ...(query.min_position === undefined ? {} : { minPosition: query.min_position }),
  });
}

/** The id in the path. */
export function readId(request: FastifyRequest): Outcome<RecordId> {
  const id = parseRecordId((request.params as { readonly id: string }).id);
  if (id !== undefined) return ok(id);
  return fail(invalidField('/id', 'An id is 64 lower-case hex digits.'));
}
