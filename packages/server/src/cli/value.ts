/** How the VALUE of a command line becomes the value of a claim. */
import { type ClaimValue, fail, invalidField, type Outcome, ok, parseJson } from '@stemedb/model';

export const valueTypes = ['auto', 'string', 'number', 'boolean', 'ref', 'json'] as const;

export type ValueType = (typeof valueTypes)[number];

const refuse = (detail: string): Outcome<ClaimValue> => fail(invalidField('/value', detail));

/** The parser of the server, so that a number that would change is refused here as there. */
const number = (text: string): Outcome<ClaimValue> => {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  return typeof parsed.value === 'number' ? ok(parsed.value) : refuse(`${text} is not a number.`);
};

/**
 * `auto`: true and false are booleans, a number in its shortest form is a number, anything else is
 * text. So `1.10` and `007` stay text: they are version or item numbers, and as numbers they
 * would lose their zeros.
 */
export const readValue = (text: string, type: ValueType): Outcome<ClaimValue> => {
  switch (type) {
    case 'string':
      return ok(text);
    case 'number':
      return number(text);
    case 'boolean':
      if (text === 'true' || text === 'false') return ok(text === 'true');
      return refuse(`${text} is neither true nor false.`);
    case 'ref':
      return ok({ ref: text });
    case 'json': {
      const parsed = parseJson(text);
      return parsed.ok ? ok({ json: parsed.value }) : parsed;
    }
    case 'auto':
      if (text === 'true' || text === 'false') return ok(text === 'true');
      return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text))
        ? ok(Number(text))
        : ok(text);
  }
};
