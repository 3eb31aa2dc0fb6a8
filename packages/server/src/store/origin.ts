/**
 * An origin expression as bytes: flags u8, agent 32, source 32 (flag 1), count u8 and premises of
 * 32, then the URI (flag 2). The same citation by the same agent is one dictionary entry.
 */
import type { AgentId, AssertionContent, RecordId } from '@stemedb/model';
import { BoundedCache } from './cache.js';
import { bytesOfId, idBytes } from './keys.js';
import type { OriginExpression } from './store.js';

const flagSource = 1;
const flagUri = 2;

export function originOf(content: AssertionContent): OriginExpression {
  return {
    derivedFrom: content.derived_from ?? [],
    source: content.source,
    sourceUri: content.source_uri,
    agent: content.agent_id,
  };
}

/** Names of origins that are their author alone, as most are; some 200 bytes each. */
const authorNames = new BoundedCache<AgentId, string>(16_384);

/** The encoded expression as latin-1 text: the name that the dictionary has a number for. */
export function originNameOf(content: AssertionContent): string {
  const { source, source_uri: uri, derived_from: premises = [], agent_id: agent } = content;
  const isAuthor = source === undefined && uri === undefined && premises.length === 0;
  const known = isAuthor ? authorNames.get(agent) : undefined;
  if (known !== undefined) return known;
  const name = encodeOrigin(originOf(content)).toString('latin1');
  if (isAuthor) authorNames.set(agent, name);
  return name;
}

function encodeOrigin(origin: OriginExpression): Buffer {
  const { source, sourceUri, derivedFrom } = origin;
  const flags = (source === undefined ? 0 : flagSource) | (sourceUri === undefined ? 0 : flagUri);
  return Buffer.concat([
    Buffer.from([flags]),
    bytesOfId(origin.agent),
    ...(source === undefined ? [] : [bytesOfId(source)]),
    Buffer.from([derivedFrom.length]),
    ...derivedFrom.map(bytesOfId),
    Buffer.from(sourceUri ?? '', 'utf8'),
  ]);
}

export function decodeOrigin(bytes: Buffer): OriginExpression {
  const flags = bytes[0] ?? 0;
  let at = 1;
  const take = (): string => {
    at += idBytes;
    return bytes.toString('hex', at - idBytes, at);
  };
  const agent = take() as AgentId;
  const source = (flags & flagSource) === 0 ? undefined : (take() as RecordId);
  const count = bytes[at] ?? 0;
  at += 1;
  const derivedFrom = Array.from({ length: count }, () => take() as RecordId);
  const sourceUri = (flags & flagUri) === 0 ? undefined : bytes.toString('utf8', at);
  return { derivedFrom, source, sourceUri, agent };
}
