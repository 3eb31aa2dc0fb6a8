/**
 * JSON that is sent as it stands in the log. Records are stored as canonical text, and an answer
 * repeats them or their values: cutting bytes out and copying them costs a tenth of reading them
 * into objects and writing those again.
 */
import type { AgentId, AssertionContent, JsonValue, RecordContent } from '@stemedb/model';
import { decodeComposed } from '@stemedb/model';

/** A value as its JSON text; read only when somebody looks into it. */
export class StoredJson<Value> {
  readonly bytes: Uint8Array;
  #parsed: Value | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get parsed(): Value {
    this.#parsed ??= decodeComposed(this.bytes) as Value;
    return this.#parsed;
  }

  /** For `JSON.stringify`, which then writes what the text says. */
  toJSON(): Value {
    return this.parsed;
  }
}

export type StoredRecord = StoredJson<RecordContent>;

/** In canonical order the author is the first member of most kinds. */
const author = Buffer.from('{"agent_id":"');
const agentIdLength = 64;

/** Who states a record; as a rule without reading the rest of it. */
export const authorOf = (record: StoredRecord): AgentId => {
  const { bytes } = record;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // `a` of an alias and `action` of a supersession sort before, as may what a later version knows.
  const isFirst = text.compare(author, 0, author.length, 0, author.length) === 0;
  if (!isFirst) return record.parsed.agent_id;
  return text.toString('latin1', author.length, author.length + agentIdLength) as AgentId;
};

/** What a claim says, as an answer states it. */
export interface StatedValue {
  readonly value: StoredJson<JsonValue>;
  readonly unit?: string;
}

/**
 * In canonical order `value` is the last member of a claim and `v` the one before it. Of the
 * members further ahead none holds a number under a key that it chose itself, and within a string
 * every quote is escaped: so the first place where this stands is the member.
 */
const beforeValue = Buffer.from('"v":1,"value":');
const unitMember = Buffer.from('"unit":');

/** The text of a claim's value and its unit. */
export interface CutValue {
  readonly bytes: Uint8Array;
  readonly unit: string | undefined;
}

/** Cuts the value out of a stored claim; throws for what is none. */
export const cutValue = (claim: Uint8Array): CutValue => {
  const text = Buffer.from(claim.buffer, claim.byteOffset, claim.byteLength);
  const at = text.indexOf(beforeValue);
  if (at < 0) throw new Error('A stored claim states a value.');
  const bytes = text.subarray(at + beforeValue.length, -1);
  // Other members may hold the same bytes, but a unit does not stand there without them.
  const mayHaveUnit = text.includes(unitMember);
  const content = mayHaveUnit ? (decodeComposed(claim) as unknown as AssertionContent) : undefined;
  return { bytes, unit: content?.unit };
};

/** The same as a member of an answer. */
export const statedValueOf = ({ bytes, unit }: CutValue): StatedValue => {
  const value = new StoredJson<JsonValue>(bytes);
  return unit === undefined ? { value } : { value, unit };
};

/**
 * A copy in memory of its own, for what is kept: a short one would else stand in a block that the
 * platform shares with passing bytes, all of which it would keep while a cache counts it alone.
 */
export const ownCopy = (bytes: Uint8Array): Buffer => {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
};

/** Longest text for whose like the memory is kept, bytes. */
const scratchBytesMax = 1024 * 1024;

/** Text that is put together in memory which is used again for the next one. */
class GrowingText {
  #scratch = Buffer.allocUnsafeSlow(64 * 1024);
  #length = 0;
  /** Text that is written with the next bytes: few long writes cost less than many short ones. */
  #pending = '';

  begin(): void {
    this.#length = 0;
    this.#pending = '';
    if (this.#scratch.length <= scratchBytesMax) return;
    this.#scratch = Buffer.allocUnsafeSlow(scratchBytesMax);
  }

  text(text: string): void {
    this.#pending += text;
  }

  stored(bytes: Uint8Array): void {
    this.#flush(bytes.length);
    this.#scratch.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All of it, in memory of its own. */
  end(): Buffer {
    this.#flush(0);
    return ownCopy(this.#scratch.subarray(0, this.#length));
  }

  #flush(more: number): void {
    // One UTF-16 unit takes at most three bytes of UTF-8.
    const room = this.#length + 3 * this.#pending.length + more;
    if (room > this.#scratch.length) {
      const larger = Buffer.allocUnsafeSlow(2 * room);
      this.#scratch.copy(larger, 0, 0, this.#length);
      this.#scratch = larger;
    }
    this.#length += this.#scratch.write(this.#pending, this.#length);
    this.#pending = '';
  }
}

const growing = new GrowingText();

/** The JSON text of a value, as `JSON.stringify` writes it, with stored text as it is stored. */
export const jsonBytes = (value: unknown): Buffer => {
  growing.begin();
  write(growing, value);
  return growing.end();
};

const write = (out: GrowingText, value: unknown): void => {
  if (typeof value === 'number') out.text(Number.isFinite(value) ? String(value) : 'null');
  else if (value instanceof StoredJson) out.stored(value.bytes);
  else if (Array.isArray(value)) writeItems(out, value);
  else if (typeof value === 'object' && value !== null) writeMembers(out, value);
  else out.text(JSON.stringify(value));
};

const writeItems = (out: GrowingText, items: readonly unknown[]): void => {
  out.text('[');
  for (let at = 0; at < items.length; at += 1) {
    if (at > 0) out.text(',');
    write(out, items[at] ?? null);
  }
  out.text(']');
};

/** Names of members are our own: none needs an escape. */
const writeMembers = (out: GrowingText, object: object): void => {
  let before = '{';
  for (const name in object) {
    const member = (object as Readonly<Record<string, unknown>>)[name];
    if (member === undefined) continue;
    out.text(`${before}"${name}":`);
    write(out, member);
    before = ',';
  }
  out.text(before === '{' ? '{}' : '}');
};
