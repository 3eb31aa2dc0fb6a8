/**
 * What an author states, and how it becomes content with a fixed id: the author and the time are
 * filled in before the first try, so that every further try of the same call is the same record.
 */
import {
  type AgentId,
  type AliasContent,
  type AssertionContent,
  canonicalText,
  type EpochContent,
  invalidField,
  type JsonObject,
  type JsonValue,
  parseTime,
  type RecordContent,
  type RecordId,
  recordIdOf,
  type SignatureHex,
  type SourceContent,
  type SupersessionContent,
  type VerdictContent,
  type VoteContent,
} from '@stemedb/model';
import { StemeClientError } from './error.js';
import type { Signer } from './signer.js';

/** A time: RFC 3339 with at most three decimals, or milliseconds since 1970. */
export type TimeInput = string | number;

/** A signature over the id of the record that it comes with. */
export interface SignatureInput {
  readonly agent_id: string;
  readonly signature: string;
}

interface AuthoredInput {
  /** Signatures made elsewhere; the client's own signer adds its own only when there are none. */
  readonly signatures?: readonly SignatureInput[];
  /** Left out: the signer, or the principal of the call. */
  readonly agent_id?: string;
  /** Left out: now. */
  readonly asserted_at?: TimeInput;
}

/** What the client fills in. */
type Filled = 'kind' | 'v' | 'agent_id' | 'asserted_at';

/** Ids are plain text: the server checks them. */
type Plain<Value> = Value extends RecordId
  ? string
  : Value extends readonly RecordId[]
    ? readonly string[]
    : Value;

type PlainFields<Fields> = { readonly [Name in keyof Fields]: Plain<Fields[Name]> };

/** What an author states of a record: its fields, and how it is proved. */
type Stated<Content extends RecordContent> = AuthoredInput & PlainFields<Omit<Content, Filled>>;

/** An assertion (spec 1.1); `concept_path`, `predicate` and `value` are required. */
export type AssertionInput = Stated<AssertionContent>;

/** A source record; `title` is required, and `uri` or `content_hash`. */
export type SourceInput = Omit<Stated<SourceContent>, 'published_at'> & {
  readonly published_at?: TimeInput;
};

/** A vote on a claim; `weight` from -1 to 1, and 0 withdraws an earlier vote. */
export type VoteInput = Stated<VoteContent>;

/** An epoch: a paradigm that claims belong to, and the epochs that it puts out of force. */
export type EpochInput = Stated<EpochContent>;

/** What becomes of a record: `replace` (with `replacement`), `retract` or `restore`. */
export type SupersessionInput = Stated<SupersessionContent>;

/** Two concept paths for one thing, in any order. */
export type AliasInput = Stated<AliasContent>;

/** Whether a claim turned out to be `accurate` or `inaccurate`. */
export type VerdictInput = Stated<VerdictContent>;

/** Why a source is retracted. */
export type RetractionInput = Omit<SupersessionInput, 'target' | 'action' | 'replacement'> & {
  /** `position` of the impact that was looked at: refused when a dependant came after it. */
  readonly ifPosition?: string;
};

/** What each kind that has a call of its own is stated with. */
export interface InputOf {
  readonly assertion: AssertionInput;
  readonly source: SourceInput;
  readonly vote: VoteInput;
  readonly epoch: EpochInput;
  readonly supersession: SupersessionInput;
  readonly alias: AliasInput;
  readonly verdict: VerdictInput;
}

/** A record that is ready to be sent. */
export interface Prepared {
  /** What goes over the wire: the fields, the author, the time and the signatures. */
  readonly body: JsonObject;
  /** The id, when the author is known here; otherwise the server decides the author. */
  readonly id: RecordId | undefined;
}

export interface Author {
  readonly signer: Signer | undefined;
  readonly agentId: AgentId | undefined;
  readonly nowMs: () => number;
}

const pathFields = ['concept_path', 'predicate', 'prefix'] as const;

const invalidInput = (name: string, detail: string): StemeClientError =>
  new StemeClientError(invalidField(`/${name}`, detail));

const milliseconds = (name: string, value: TimeInput): number => {
  const ms = parseTime(value);
  if (ms !== undefined) return ms;
  const detail = `${name} must be RFC 3339 with at most three decimals, or whole milliseconds.`;
  throw invalidInput(name, detail);
};

const normalizeReference = (value: JsonValue): JsonValue => {
  if (typeof value !== 'object' || value === null || !('ref' in value)) return value;
  const { ref } = value;
  return typeof ref === 'string' ? { ...value, ref: ref.normalize('NFC') } : value;
};

/** Copies what is stated, with paths in NFC and times in milliseconds; undefined is left out. */
export const normalizeInput = (input: object): Record<string, JsonValue> => {
  const fields: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(input) as [string, JsonValue | undefined][]) {
    if (value === undefined) continue;
    fields[name] = value;
  }
  for (const name of pathFields) {
    const value = fields[name];
    if (typeof value === 'string') fields[name] = value.normalize('NFC');
  }
  const { value, asserted_at, published_at } = fields;
  if (value !== undefined) fields.value = normalizeReference(value);
  for (const [name, time] of Object.entries({ asserted_at, published_at })) {
    if (typeof time === 'string' || typeof time === 'number') {
      fields[name] = milliseconds(name, time);
    }
  }
  return fields;
};

/** Canonical JSON; a value that JSON cannot carry unchanged is refused, not turned into another. */
export const encodeJson = (value: JsonValue): string => {
  try {
    return canonicalText(value);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const detail = `This cannot be written as JSON without changing it: ${cause.message}.`;
    throw new StemeClientError({ code: 'invalid_field', detail, cause });
  }
};

const encoder = new TextEncoder();

/** Negative, zero or positive: how two texts order by the bytes of their UTF-8 form. */
const compareBytes = (a: string, b: string): number => {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  if (at < 0) return left.length - right.length;
  return (left[at] ?? 0) - (right[at] ?? -1);
};

/** An alias says the same whichever path comes first; its record has them in bytewise order. */
export const orderAlias = (input: AliasInput): AliasInput => {
  const [a, b] = [input.a.normalize('NFC'), input.b.normalize('NFC')];
  const order = compareBytes(a, b);
  if (order === 0) throw invalidInput('b', 'An alias joins two concept paths; these are the same.');
  return order > 0 ? { ...input, a: b, b: a } : { ...input, a, b };
};

/** Fills in author and time, computes the id and signs it. */
export const prepare = async <Kind extends keyof InputOf>(
  kind: Kind,
  input: InputOf[Kind],
  author: Author,
): Promise<Prepared> => {
  const { signatures: stated, ...fields } = normalizeInput(input);
  fields.asserted_at ??= author.nowMs();
  const { signer } = author;
  const agentId = signer?.agentId ?? author.agentId;
  if (agentId !== undefined) fields.agent_id ??= agentId;
  const carried = stated === undefined ? {} : { signatures: stated };
  if (fields.agent_id === undefined) return { body: { ...fields, ...carried }, id: undefined };
  const id = recordIdOf(encoder.encode(encodeJson({ kind, v: 1, ...fields })));
  const signs = signer !== undefined && fields.agent_id === signer.agentId && stated === undefined;
  if (!signs) return { body: { ...fields, ...carried }, id };
  const signature: SignatureHex = await signer.sign(kind, id);
  return { body: { ...fields, signatures: [{ agent_id: signer.agentId, signature }] }, id };
};
