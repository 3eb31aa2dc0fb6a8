/** Cells of the tables for people: short, escaped, and telling 1 from "1". */
import { escapeText, escapeValue, shorten } from './escape.js';

const valueWidth = 48;
const idDigits = 12;

/** At most three decimals; `-` for nothing. */
export const numberCell = (value: number | undefined): string =>
  value === undefined ? '-' : String(Number(value.toFixed(3)));

/** A value with its unit; `-` for nothing. */
export const valueCell = (
  value: unknown,
  unit?: string | undefined,
  width: number = valueWidth,
): string => {
  if (value === undefined) return '-';
  const text = shorten(escapeValue(value), width);
  return unit === undefined ? text : `${text} ${escapeText(unit)}`;
};

/** The first digits of an id: enough to tell rows apart, not enough to name the record. */
export const shortId = (text: string | undefined): string =>
  text === undefined ? '-' : text.slice(0, idDigits);

/** `1 vote`, `2 votes`. */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
