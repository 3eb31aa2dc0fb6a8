/** What a write answers, and how the carrying fields are taken apart from the content. */

import { Type } from '@sinclair/typebox';
import type {
  AgentId,
  Fault,
  JsonObject,
  JsonValue,
  Outcome,
  RecordKind,
  SignatureHex,
  StemeError,
} from '@stemedb/model';
import {
  errorTable,
  fail,
  formatTime,
  invalidField,
  ok,
  parseAgentId,
  parseSignature,
  stampMs,
} from '@stemedb/model';
import type { Accepted, Submission } from '../ingest/ingest.js';
import { faultsError } from './problem.js';
import { unknownName } from './validate.js';

/**
 * The answer to an accepted write, as `WriteAnswer` in JSON. The record is its canonical text as it
 * was hashed and logged; of the rest only warnings hold anything that needs an escape.
 */
export function writeAnswerText(accepted: Accepted): string {
  return beforeRecord(accepted) + asText(accepted.bytes) + afterRecord(accepted);
}

const asText = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf8');

/** What stands before the record in the answer to a write, for whoever sends it as bytes. */
export function beforeRecord({ id, status }: Accepted): string {
  return `{"id":"${id}","status":"${status}","record":`;
}

export function afterRecord({ stamp, position, warnings }: Accepted): string {
  const warned = warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : '';
  return (
    `,"recorded_at":"${formatTime(stampMs(stamp))}","recorded_stamp":"${stamp}",` +
    `"position":"${position}"${warned}}`
  );
}

const warningSchema = Type.Object({
  code: Type.String(),
  detail: Type.String(),
  pointer: Type.Optional(Type.String()),
});

export const writeAnswerSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'BLAKE3-256 of the record.' }),
    status: Type.Unsafe<string>({ type: 'string', enum: ['created', 'duplicate'] }),
    record: Type.Unsafe<unknown>({ type: 'object', description: 'The content as stored.' }),
    recorded_at: Type.String({ format: 'date-time' }),
    recorded_stamp: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    position: Type.String({ description: 'Give it as min_position to see this write.' }),
    warnings: Type.Optional(Type.Array(warningSchema)),
  },
  { description: 'Stored, synced to disk and visible.' },
);

/** One element of a batch answer. */
export const batchResultSchema = Type.Union([
  writeAnswerSchema,
  Type.Object({
    status: Type.Literal('refused'),
    code: Type.String(),
    detail: Type.String(),
    errors: Type.Optional(Type.Array(Type.Unsafe<unknown>({ type: 'object' }))),
  }),
]);

export const signaturesSchema = Type.Optional(
  Type.Array(
    Type.Object(
      {
        agent_id: Type.String({ pattern: '^[0-9a-f]{64}$' }),
        signature: Type.String({ pattern: '^[0-9a-f]{128}$' }),
      },
      { additionalProperties: false },
    ),
    { description: 'Signatures of the record; each becomes an attestation beside it.' },
  ),
);

/** Splits a body into content and `signatures`; the content itself is for ingest to judge. */
export function readSubmission(
  kind: RecordKind,
  body: JsonValue | undefined,
  signaturesMax: number,
): Outcome<Submission> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const detail = `The body must be one JSON object, the content of the ${kind}.`;
    return fail(invalidField('', detail));
  }
  const object = body as JsonObject;
  if (!Object.hasOwn(object, 'signatures')) return ok({ kind, content: object });
  const { signatures: stated, ...content } = object;
  const signatures = readSignatures(stated, signaturesMax);
  if (!signatures.ok) return signatures;
  return ok({ kind, content, signatures: signatures.value });
}

interface StatedSignature {
  readonly agent_id: AgentId;
  readonly signature: SignatureHex;
}

function readSignatures(
  stated: JsonValue | undefined,
  signaturesMax: number,
): Outcome<readonly StatedSignature[]> {
  if (!Array.isArray(stated) || stated.length > signaturesMax) {
    const detail = `"signatures" must be an array of at most ${signaturesMax} elements.`;
    return fail(invalidField('/signatures', detail));
  }
  const signatures: StatedSignature[] = [];
  for (const [index, element] of stated.entries()) {
    const signature = readSignature(element as JsonValue, `/signatures/${index}`);
    if (!signature.ok) return signature;
    signatures.push(signature.value);
  }
  return ok(signatures);
}

const signatureFields = ['agent_id', 'signature'];

function readSignature(element: JsonValue, pointer: string): Outcome<StatedSignature> {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) {
    const detail = 'A signature is {"agent_id": ..., "signature": ...}.';
    return fail(invalidField(pointer, detail));
  }
  const object = element as JsonObject;
  const faults: Fault[] = Object.keys(object)
    .filter((name) => !signatureFields.includes(name))
    .slice(0, signatureFields.length)
    .map((name) => ({
      code: 'unknown_field',
      pointer: `${pointer}/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`,
      detail: unknownName(name, signatureFields),
    }));
  const agentId = typeof object.agent_id === 'string' ? parseAgentId(object.agent_id) : undefined;
  const signature =
    typeof object.signature === 'string' ? parseSignature(object.signature) : undefined;
  if (agentId === undefined) {
    const detail = 'An agent id is 64 lower-case hex digits.';
    faults.push({ code: 'invalid_field', pointer: `${pointer}/agent_id`, detail });
  }
  if (signature === undefined) {
    const detail = 'A signature is 128 lower-case hex digits.';
    faults.push({ code: 'invalid_field', pointer: `${pointer}/signature`, detail });
  }
  const [first, ...others] = faults;
  if (first !== undefined) return fail(faultsError([first, ...others]));
  if (agentId === undefined || signature === undefined) throw new Error('Faults were reported.');
  return ok({ agent_id: agentId, signature });
}

/** True when the node, not the input, is the reason: the same may succeed later or elsewhere. */
export const isServerSide = (error: StemeError): boolean => errorTable[error.code].status >= 500;
