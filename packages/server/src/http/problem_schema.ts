/** The schema of a problem document, and the errors that any route may answer with. */

import { Type } from '@sinclair/typebox';
import { errorTable } from '@stemedb/model';
import { problemType } from './problem.js';

const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'Where the code is explained, relative to this server.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong and what to do.' }),
    code: Type.Unsafe<string>({ type: 'string', enum: Object.keys(errorTable) }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer of the fault; empty: the whole.' }),
          code: Type.String(),
          detail: Type.String(),
        }),
      ),
    ),
  },
  { additionalProperties: true, description: 'RFC 9457.' },
);

const problemResponse = (description: string) => ({
  description,
  content: { [problemType]: { schema: problemSchema } },
});

/** The error answers of a route, for its documentation. */
export const problemResponses = {
  '4xx': problemResponse('The request is refused and has changed nothing.'),
  '5xx': problemResponse('The node cannot do it now; see `code` and `Retry-After`.'),
};
