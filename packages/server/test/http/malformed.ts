/** Bodies that are not the JSON we accept, made from a seed: fault 15, one maker for each class. */
import type { ErrorCode } from '@stemedb/model';
import type { Seeded } from '../support/seeded.js';

export interface Malformed {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly codes: readonly ErrorCode[];
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const words = ['value', 'a', 'concept_path', 'predicate', 'é', '', 'unit', 'kind', 'x/y', 'json'];

const key = (random: Seeded): string => JSON.stringify(random.pick(words));

/** A JSON value of any shape. */
const anyValue = (random: Seeded, depth = 0): string => {
  const kind = random.below(depth > 3 ? 4 : 6);
  if (kind === 0) return String(random.below(1000) - 500);
  if (kind === 1) return random.pick(['true', 'false', 'null']);
  if (kind === 2) return JSON.stringify(random.pick(words).repeat(random.below(3)));
  if (kind === 3) return random.pick(['0.5', '-0', '1e3', '""', '[]', '{}']);
  const inner = Array.from({ length: random.below(3) }, () => anyValue(random, depth + 1));
  if (kind === 4) return `[${inner.join(',')}]`;
  return `{${inner.map((value, at) => `"k${at}":${value}`).join(', ')}}`;
};

const id = 'ab'.repeat(32);
const signed = {
  v: 1,
  agent_id: id,
  asserted_at: 5,
  signatures: [{ agent_id: id, signature: id }],
};

/** Bodies of every writing call and of the question, as they would be taken or nearly so. */
const wholeBodies = [
  { concept_path: 'a/b', predicate: 'p', value: { json: [1, { a: null }] }, confidence: 0.5 },
  { kind: 'assertion', ...signed, concept_path: 'a', predicate: 'p', value: 1, unit: 'mg' },
  [
    { concept_path: 'a/b', predicate: 'p', value: true },
    { ...signed, derived_from: [id, id] },
  ],
  { kind: 'vote', ...signed, target: id, weight: 0.5, note: 'n' },
  { kind: 'source', ...signed, title: 'T', uri: 'https://a.example/', content: 'c' },
  { name: 'e', description: 'd', supersedes: [id] },
  { kind: 'supersession', ...signed, target: id, action: 'replace', replacement: id },
  { a: 'a/b', b: 'a/c', reason: 'r' },
  { target: id, outcome: 'accurate', note: 'n' },
  { agent_id: id, signature: id },
  { prefix: 'a', lens: 'consensus', limit: 10, as_of: 5, explain: true, classes: ['a', 'b'] },
].map((body) => JSON.stringify(body));

/** A value or, with its colon, a name. */
const token = /"(?:[^"\\]|\\.)*":?|-?\d[\d.eE+-]*|true|false|null/g;

/** A whole body with this text in place of one of its values. */
const inWhole = (random: Seeded, text: string): string => {
  const body = random.pick(wholeBodies);
  const values = [...body.matchAll(token)].filter(([text]) => !text.endsWith(':'));
  const { index, 0: value } = random.pick(values);
  return body.slice(0, index) + text + body.slice(index + value.length);
};

/** Puts a text somewhere into a body, or into anything else. */
const around = (random: Seeded, inside: string): string => {
  let text = inside;
  for (let levels = random.below(4); levels > 0; levels -= 1) {
    const other = anyValue(random);
    text = random.pick([
      `[${text}]`,
      `[${other},${text}]`,
      `{"n":${text}}`,
      `{"m":${other}, "n" : ${text} }`,
      `[${text},${other}]`,
    ]);
  }
  if (random.chance(0.6)) return inWhole(random, text);
  if (random.chance(0.5)) return text;
  return `{"concept_path":"a/b","predicate":"p","value":${text}}`;
};

type Maker = (random: Seeded) => Omit<Malformed, 'what'>;

const wrongNumbers = [
  ...['NaN', 'Infinity', '-Infinity', '+1', '01', '-01', '.5', '1.', '1.e3', '1e', '1e+'],
  ...['0x10', '1_000', '--1', '-', '1n', '٣'],
];
const wrongTexts = [
  ...['undefined', "'a'", 'True', 'nul', '{a:1}', '[1,]', '[,1]', '{"a":1,}', '{"a"}', '{,}'],
  ...['[1 2]', '{"a" 1}', '"\\x41"', '"\\u12"', '"\\u{41}"', '/* c */ 1', '"a\nb"', '"\u0000"'],
  ...['"a\tb"', '{1:2}', '[', '{', '"', ']', '}', '\u00a01', '\\"a"'],
];

const exact = (random: Seeded): string => {
  const digits = Array.from({ length: 18 + random.below(20) }, () => 1 + random.below(9)).join('');
  return random.pick([
    `0.${digits}`,
    `${digits}5`,
    `-${digits}7`,
    `1e${309 + random.below(5000)}`,
    `-${digits}e${400 + random.below(99)}`,
    `1e-${400 + random.below(5000)}`,
    `9007199254740993${random.pick(['', '.0', '.5'])}`,
  ]);
};

const surrogates = [
  '\\ud800',
  '\\udfff',
  '\\udc00\\ud800',
  '\\ud800x',
  '\\uDBFF\\u0041',
  'a\\ud83d',
];

const wrongUtf8: readonly (readonly number[])[] = [
  [0xff],
  [0x80],
  [0xc0, 0x80],
  [0xc3],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
];

const makers: Readonly<Record<string, Maker>> = {
  depth: (random) => {
    const levels = 65 + random.below(random.chance(0.05) ? 100_000 : 400);
    const [open, close] = random.pick([
      ['[', ']'],
      ['{"a":', '}'],
      ['[[{"":', '}]]'],
    ] as const);
    const text = open.repeat(levels) + (random.chance(0.5) ? `1${close.repeat(levels)}` : '');
    return { bytes: utf8(around(random, text)), codes: ['too_deep'] };
  },
  'duplicate keys': (random) => {
    const name = random.pick(words);
    const spelled = [...name]
      .map((character) =>
        random.chance(0.5)
          ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
          : character,
      )
      .join('');
    const between = random.chance(0.5) ? `"other":${anyValue(random)},` : '';
    const text = `{${JSON.stringify(name)}:${anyValue(random)},${between}"${spelled}":1}`;
    return { bytes: utf8(around(random, text)), codes: ['duplicate_key'] };
  },
  __proto__: (random) => {
    const name = random.pick(['__proto__', '\\u005f_proto__', '__pr\\u006fto__']);
    const more = random.chance(0.5) ? `,${key(random)}:${anyValue(random)}` : '';
    const text = `{"${name}":${anyValue(random)}${more}}`;
    return { bytes: utf8(around(random, text)), codes: ['forbidden_key'] };
  },
  'numbers and texts of other languages': (random) => {
    const text = random.pick([...wrongNumbers, ...wrongTexts]);
    return { bytes: utf8(around(random, text)), codes: ['malformed_json'] };
  },
  'numbers that change': (random) => ({
    bytes: utf8(around(random, exact(random))),
    codes: ['number_not_exact'],
  }),
  'lone surrogates': (random) => {
    const text = `"${random.pick(words)}${random.pick(surrogates)}"`;
    const inside = random.chance(0.2) ? `{${text}:1}` : text;
    return { bytes: utf8(around(random, inside)), codes: ['lone_surrogate'] };
  },
  'bad UTF-8': (random) => {
    const mark = '@mark@';
    const text = around(random, random.chance(0.5) ? `"${mark}"` : `{"${mark}":1}`);
    const [before = '', after = ''] = text.split(mark);
    const bytes = Uint8Array.from([...utf8(before), ...random.pick(wrongUtf8), ...utf8(after)]);
    return { bytes, codes: ['invalid_utf8'] };
  },
  'byte-order mark': (random) => ({
    bytes: utf8(`\ufeff${around(random, anyValue(random))}`),
    codes: ['byte_order_mark'],
  }),
  'cut off': (random) => {
    const whole = utf8(`{"concept_path":"a/é","predicate":"p","value":${anyValue(random)}}`);
    const bytes = whole.subarray(0, random.below(whole.length));
    return { bytes, codes: ['malformed_json', 'invalid_utf8'] };
  },
  'more behind': (random) => {
    const text = around(random, anyValue(random));
    const more = random.pick([',', '}', ']', '1', 'x', '{}', '\u0000', '//', '"']);
    return { bytes: utf8(`{"v":${text}} ${more}`), codes: ['malformed_json'] };
  },
  noise: (random) => ({
    // The first byte begins no JSON value, so whatever follows cannot make it one.
    bytes: Uint8Array.from({ length: 1 + random.below(300) }, (_, at) =>
      at === 0 ? random.pick([0x00, 0x25, 0x41, 0x7f, 0xfe]) : random.below(256),
    ),
    codes: ['malformed_json', 'invalid_utf8'],
  }),
};

const classes = Object.entries(makers);

/** One malformed body, or a mixture of two. */
export const malformed = (random: Seeded): Malformed => {
  const [what, make] = random.pick(classes);
  const one = { what, ...make(random) };
  if (random.chance(0.8)) return one;
  const [alsoWhat, alsoMake] = random.pick(classes);
  const other = alsoMake(random);
  const bytes = [utf8('['), one.bytes, utf8(','), other.bytes, utf8(']')];
  return {
    what: `${what} and ${alsoWhat}`,
    bytes: Buffer.concat(bytes),
    // Which of them is met first depends on where they stand; cut off, one may swallow the other.
    codes: [...one.codes, ...other.codes, 'malformed_json', 'invalid_utf8'],
  };
};
