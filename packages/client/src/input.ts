/**
 * What an author states, and how it becomes content with a fixed id: the author and the time are
 * filled in before the first try, so that every further try of the same call is the same record.
 */
import {
  type AgentId,
  type AssertionContent,
  canonicalText,
  type JsonObject,
  type JsonValue,
  parseTime,
  type RecordId,
  recordIdOf,
  type SignatureHex,
  type SourceContent,
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

/**
 * The fields of an assertion (spec 1.1); `concept_path`, `predicate` and `value` are required. Ids
 * are plain text: the server checks them.
 */
export interface AssertionInput
  extends AuthoredInput,
    Omit<AssertionContent, Filled | 'source' | 'derived_from' | 'parent' | 'epoch'> {
  readonly source?: string;
  readonly derived_from?: readonly string[];
  readonly parent?: string;
  readonly epoch?: string;
}

/** The fields of a source record; `title` is required, and `uri` or `content_hash`. */
export interface SourceInput extends AuthoredInput, Omit<SourceContent, Filled | 'published_at'> {
  readonly published_at?: TimeInput;
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

const milliseconds = (name: string, value: TimeInput): number => {
  const ms = parseTime(value);
  if (ms !== undefined) return ms;
  const detail = `${name} must be RFC 3339 with at most three decimals, or whole milliseconds.`;
  throw new StemeClientError({
    code: 'invalid_field',
    detail,
    faults: [{ code: 'invalid_field', pointer: `/${name}`, detail }],
  });
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

/** Fills in author and time, computes the id and signs it. */
export const prepare = async (
  kind: 'assertion' | 'source',
  input: AssertionInput | SourceInput,
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
