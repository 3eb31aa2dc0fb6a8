/**
 * The exact JSON parser: RFC 8259, less everything that two programs may read differently
 * (RFC 7493): duplicate keys, lone surrogates, numbers that a double does not hold, byte-order
 * marks. One pass over the decoded text. A failure is a value: each level adds its step to the
 * path while the call stack unwinds, so a successful parse pays nothing for pointers.
 */
import type { ErrorCode, Outcome } from '../errors.js';
import type { JsonValue } from '../record.js';
import { fail, ok } from '../result.js';
import { jsonDepthMax } from './limits.js';
import { readNumber } from './number.js';
import { pointerOf } from './pointer.js';

export interface JsonLimits {
  /** Arrays and objects inside each other; the outermost counts as 1. */
  readonly depthMax?: number;
}

/** Reads one JSON text exactly, or says what to change and where (pointer and line). */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): Outcome<JsonValue> {
  if (typeof input === 'string') return parseText(input, limits);
  const decoded = decodeUtf8(input);
  return decoded.ok ? parseText(decoded.value, limits) : decoded;
}

/** The text of `bytes`, or `invalid_utf8`; keeps a byte-order mark so that it can be refused. */
export function decodeUtf8(bytes: Uint8Array): Outcome<string> {
  try {
    return ok(decoder.decode(bytes));
  } catch (cause) {
    const detail = 'The bytes are not valid UTF-8; encode the text as UTF-8 and send it again.';
    return fail({
      code: 'invalid_utf8',
      detail,
      faults: [{ code: 'invalid_utf8', pointer: '', detail }],
      cause,
    });
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseText(text: string, limits: JsonLimits): Outcome<JsonValue> {
  const parser = new Parser(text, limits.depthMax ?? jsonDepthMax);
  const value = parser.document();
  if (value !== undefined) return ok(value);
  const fault = parser.fault();
  return fail({ code: fault.code, detail: fault.detail, faults: [fault] });
}

const keywords: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/** `undefined` from a method means: failed, and `#code` and `#detail` say why. */
class Parser {
  readonly #text: string;
  readonly #depthMax: number;
  #at = 0;
  #depth = 0;
  #code: ErrorCode = 'malformed_json';
  #detail = '';
  /** Steps to the fault, innermost first. */
  readonly #steps: (string | number)[] = [];

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  document(): JsonValue | undefined {
    if (this.#text.charCodeAt(0) === 0xfeff) {
      return this.#fail('byte_order_mark', 'Send the text without the byte-order mark.');
    }
    const value = this.#value();
    if (value === undefined) return undefined;
    this.#skipSpace();
    if (this.#at < this.#text.length) {
      return this.#malformed('Nothing may follow the JSON value; remove what comes after it');
    }
    return value;
  }

  fault(): { readonly code: ErrorCode; readonly pointer: string; readonly detail: string } {
    const pointer = pointerOf(this.#steps.toReversed());
    return { code: this.#code, pointer, detail: this.#detail };
  }

  #fail(code: ErrorCode, detail: string): undefined {
    this.#code = code;
    this.#detail = detail;
    return undefined;
  }

  #malformed(what: string): undefined {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    const column = this.#at - before.lastIndexOf('\n');
    return this.#fail('malformed_json', `${what} (line ${line}, column ${column}).`);
  }

  #skipSpace(): void {
    const text = this.#text;
    let at = this.#at;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
      at += 1;
    }
    this.#at = at;
  }

  #value(): JsonValue | undefined {
    this.#skipSpace();
    const c = this.#text.charCodeAt(this.#at);
    if (c === 0x22) return this.#string();
    if (c === 0x7b) return this.#object();
    if (c === 0x5b) return this.#array();
    if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return this.#number();
    for (const [word, value] of keywords) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    if (this.#at >= this.#text.length) {
      return this.#malformed('The text ends where a value should stand; send the whole document');
    }
    return this.#malformed('A JSON value should stand here; quote text with " and names too');
  }

  #enter(): boolean {
    this.#depth += 1;
    if (this.#depth <= this.#depthMax) return true;
    this.#fail(
      'too_deep',
      `Arrays and objects may be nested ${this.#depthMax} deep; flatten the document.`,
    );
    return false;
  }

  #object(): JsonValue | undefined {
    if (!this.#enter()) return undefined;
    this.#at += 1;
    const object: { [key: string]: JsonValue } = {};
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) === 0x7d) {
      this.#at += 1;
      this.#depth -= 1;
      return object;
    }
    for (;;) {
      const key = this.#key(object);
      if (key === undefined) return undefined;
      const value = this.#value();
      if (value === undefined) {
        this.#steps.push(key);
        return undefined;
      }
      object[key] = value;
      this.#skipSpace();
      const c = this.#text.charCodeAt(this.#at);
      if (c === 0x2c) {
        this.#at += 1;
        this.#skipSpace();
      } else if (c === 0x7d) {
        this.#at += 1;
        this.#depth -= 1;
        return object;
      } else {
        this.#steps.push(key);
        return this.#malformed('After a member an object needs "," or "}"');
      }
    }
  }

  /** A member's name and its colon; refused when `object` has it already. */
  #key(object: { readonly [key: string]: JsonValue }): string | undefined {
    if (this.#text.charCodeAt(this.#at) !== 0x22) {
      return this.#malformed('An object needs a name in double quotes here, and no trailing comma');
    }
    const key = this.#string();
    if (key === undefined) return undefined;
    if (key === '__proto__') {
      this.#steps.push(key);
      return this.#fail('forbidden_key', 'The key "__proto__" is never accepted; rename it.');
    }
    if (Object.hasOwn(object, key)) {
      this.#steps.push(key);
      return this.#fail(
        'duplicate_key',
        `The key ${JSON.stringify(key)} stands twice in one object; keep one of them.`,
      );
    }
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== 0x3a) {
      this.#steps.push(key);
      return this.#malformed('After a name an object needs ":"');
    }
    this.#at += 1;
    return key;
  }

  #array(): JsonValue | undefined {
    if (!this.#enter()) return undefined;
    this.#at += 1;
    const items: JsonValue[] = [];
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) === 0x5d) {
      this.#at += 1;
      this.#depth -= 1;
      return items;
    }
    for (;;) {
      const value = this.#value();
      if (value === undefined) {
        this.#steps.push(items.length);
        return undefined;
      }
      items.push(value);
      this.#skipSpace();
      const c = this.#text.charCodeAt(this.#at);
      this.#at += 1;
      if (c === 0x2c) continue;
      if (c === 0x5d) {
        this.#depth -= 1;
        return items;
      }
      this.#at -= 1;
      return this.#malformed('After an element an array needs "," or "]"');
    }
  }

  #number(): number | undefined {
    numberGrammar.lastIndex = this.#at;
    const token = numberGrammar.exec(this.#text)?.[0];
    if (token === undefined) {
      return this.#malformed('A number needs a digit here, and no leading zeros or bare point');
    }
    const reading = readNumber(token);
    if (!reading.exact) {
      const shown = token.length > 40 ? `${token.slice(0, 40)}...` : token;
      return this.#fail(
        'number_not_exact',
        `The number ${shown} would be stored as ${reading.nearest}; send it as a string, or ` +
          'scaled to a smaller number with a unit.',
      );
    }
    this.#at += token.length;
    return reading.value;
  }

  #string(): string | undefined {
    const text = this.#text;
    const start = this.#at + 1;
    let at = start;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 0x22) {
        this.#at = at + 1;
        return text.slice(start, at);
      }
      // Not a plain character: an escape, a control, a surrogate or the end (NaN).
      if (c === 0x5c || c < 0x20 || (c >= 0xd800 && c <= 0xdfff) || !(c >= 0)) break;
      at += 1;
    }
    return this.#stringSlowly(start);
  }

  /** The same for a string with escapes or surrogates, in runs of plain characters. */
  #stringSlowly(start: number): string | undefined {
    const text = this.#text;
    let at = start;
    let runStart = start;
    let out = '';
    let hasSurrogate = false;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 0x22) break;
      if (c === 0x5c) {
        out += text.slice(runStart, at);
        const escaped = this.#escape(at + 1);
        if (escaped === undefined) return undefined;
        hasSurrogate ||= escaped >= 0xd800 && escaped <= 0xdfff;
        out += String.fromCharCode(escaped);
        at = this.#at;
        runStart = at;
        continue;
      }
      this.#at = at;
      if (!(c >= 0)) return this.#malformed('The text ends inside a string; close it with "');
      if (c < 0x20) {
        return this.#malformed('A control character stands in a string; write it as an escape');
      }
      hasSurrogate ||= c >= 0xd800 && c <= 0xdfff;
      at += 1;
    }
    out += text.slice(runStart, at);
    this.#at = at + 1;
    if (hasSurrogate && loneSurrogate.test(out)) {
      return this.#fail(
        'lone_surrogate',
        'A string holds half of a surrogate pair; send the whole character, or leave it out.',
      );
    }
    return out;
  }

  /** The code unit of the escape whose letter stands at `at`; leaves `#at` behind it. */
  #escape(at: number): number | undefined {
    const plain = escapes.get(this.#text.charCodeAt(at));
    if (plain !== undefined) {
      this.#at = at + 1;
      return plain;
    }
    this.#at = at - 1;
    if (this.#text.charCodeAt(at) !== 0x75) {
      return this.#malformed('A backslash begins an escape that JSON does not know; write \\\\');
    }
    const digits = this.#text.slice(at + 1, at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      return this.#malformed('\\u needs four hexadecimal digits');
    }
    this.#at = at + 5;
    return Number.parseInt(digits, 16);
  }
}

const numberGrammar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** With the `u` flag a pair is one character, so only half a pair matches. */
const loneSurrogate = /[\ud800-\udfff]/u;

const escapes: ReadonlyMap<number, number> = new Map([
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);
