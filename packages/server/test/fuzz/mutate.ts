/** Makes new inputs from old ones: cuts, copies, joins, flips, words of the format, JSON tokens. */
import type { Seeded } from '../support/seeded.js';

const everyFormat = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '/', '//', '%', '%00', '%2e', '=', '&', '?', '#'],
  ...['null', 'true', 'false', '0', '-0', '1', '-1', '0.1', '1e3', '1e309', '1e-400', 'NaN'],
  ...['9007199254740991', '9007199254740993', '4294967296', '253402300799999', '-Infinity'],
  ...['""', '{}', '[]', '"__proto__"', '"constructor"', '"toString"', '"length"', '\\u0000'],
  ...['\ufeff', '\ud83d\ude00', '\\ud800', '\\udc00', '\u200b', '\u202e', '\u0301', 'é', '\u1e9b'],
  ...['\n', '\r\n', '\r', '\t', ' ', '\0', '\n\n', '\u2028', '\ufffd', '\u00a0', '0x10', '1_0'],
];

/** Byte sequences that are no UTF-8, or hardly. */
const wrongUtf8: readonly (readonly number[])[] = [
  [0xff],
  [0x80],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x82],
];

const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]|true|false|null/g;

const cut = (random: Seeded, bytes: Buffer): readonly [number, number] => {
  const from = random.below(bytes.length + 1);
  const short = random.chance(0.7) ? 16 : bytes.length + 1;
  return [from, Math.min(bytes.length, from + random.below(short))];
};

const replaced = (bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);

type Change = (random: Seeded, bytes: Buffer, other: Buffer, words: readonly string[]) => Buffer;

const changes: readonly Change[] = [
  // A flipped bit, a changed byte.
  (random, bytes) => {
    const changed = Buffer.from(bytes);
    const at = random.below(bytes.length);
    if (bytes.length > 0) changed[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return changed;
  },
  (random, bytes) => {
    const at = random.below(bytes.length + 1);
    return replaced(bytes, at, at + 1, Uint8Array.of(random.below(256)));
  },
  // A piece left out, said again, or taken from another input.
  (random, bytes) => replaced(bytes, ...cut(random, bytes), new Uint8Array()),
  (random, bytes) => {
    const piece = bytes.subarray(...cut(random, bytes));
    const at = random.below(bytes.length + 1);
    const count = random.chance(0.1) ? random.below(300) : 1;
    return replaced(bytes, at, at, Buffer.concat(Array.from({ length: count }, () => piece)));
  },
  (random, bytes, other) => {
    return replaced(bytes, ...cut(random, bytes), other.subarray(...cut(random, other)));
  },
  // A word in place of something, or in between.
  (random, bytes, _, words) => {
    const [from, to] = random.chance(0.5) ? cut(random, bytes) : [0, 0];
    const at = to > from ? from : random.below(bytes.length + 1);
    return replaced(bytes, at, Math.max(at, to), Buffer.from(random.pick(words)));
  },
  (random, bytes) => {
    const at = random.below(bytes.length + 1);
    return replaced(bytes, at, at, Uint8Array.from(random.pick(wrongUtf8)));
  },
  // A token of JSON in place of another one.
  (random, bytes, other, words) => {
    const text = bytes.toString('latin1');
    const tokens = [...text.matchAll(token)];
    if (tokens.length === 0) return bytes;
    const { index, 0: found } = random.pick(tokens);
    const others = [...other.toString('latin1').matchAll(token)];
    const by =
      others.length > 0 && random.chance(0.5)
        ? Buffer.from(random.pick(others)[0], 'latin1')
        : Buffer.from(random.chance(0.5) ? random.pick(words) : JSON.stringify(random.pick(words)));
    return replaced(bytes, index, index + found.length, by);
  },
  // Nested or repeated until a limit is met.
  (random, bytes) => {
    const [from, to] = cut(random, bytes);
    const [open, close] = random.pick([['[', ']'] as const, ['{"a":', '}'] as const]);
    const depth = 1 + random.below(70);
    const middle = bytes.subarray(from, to);
    const nested = [Buffer.from(open.repeat(depth)), middle, Buffer.from(close.repeat(depth))];
    return replaced(bytes, from, to, Buffer.concat(nested));
  },
];

export interface Material {
  readonly pool: readonly Uint8Array[];
  readonly words: readonly string[];
  readonly bytesMax: number;
}

/** A new input: one of the pool with a few changes. */
export const mutated = (random: Seeded, { pool, words, bytesMax }: Material): Uint8Array => {
  const known = random.chance(0.5) ? [...words, ...everyFormat] : everyFormat;
  let bytes: Buffer = Buffer.from(random.pick(pool));
  for (let left = 1 + random.below(random.chance(0.2) ? 12 : 3); left > 0; left -= 1) {
    bytes = random.pick(changes)(random, bytes, Buffer.from(random.pick(pool)), known);
    if (bytes.length > bytesMax) bytes = bytes.subarray(0, bytesMax);
  }
  return bytes;
};
