/**
 * What a claim says is data from a stranger. Before a terminal sees it, everything that could move
 * the cursor, change colours, set a title, reverse the reading order or hide text is written out
 * visibly, so that a claim can neither rewrite what stands above it nor pass for our own words.
 */

/** Control, format, surrogate, private and unassigned characters, and the two line separators. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

const short: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

const visible = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return short.get(character) ?? `\\u${code.toString(16).padStart(4, '0')}`;
};

/** The text on one line, with nothing in it that a terminal would act upon. */
export const escapeText = (text: string): string => text.replace(unsafe, visible);

/** A JSON value as one line of JSON; strings keep their quotes, so 1 and "1" look different. */
export const escapeValue = (value: unknown): string =>
  escapeText(JSON.stringify(value) ?? 'undefined');

/** At most `charactersMax` characters, the last one an ellipsis when something was cut. */
export const shorten = (text: string, charactersMax: number): string => {
  const characters = [...text];
  if (characters.length <= charactersMax) return text;
  return `${characters.slice(0, charactersMax - 1).join('')}…`;
};
