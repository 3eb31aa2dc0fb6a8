/** How answers come in pages: how much one holds, and how the next is asked for. */
import { Type } from '@sinclair/typebox';

/** Results, records or impacts of one page, unless the caller asks for another number. */
export const limitDefault = 100;
const limitMax = 1000;

/** Fields that ask for a page. */
export const pageFields = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax, default: limitDefault })),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 4096, description: '`next_cursor` of a page.' }),
  ),
};
