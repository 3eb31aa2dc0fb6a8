/**
 * The origin of a claim, resolved on reading: the first known source among its `derived_from`,
 * else its `source`, else its `source_uri`, else its author (spec 6). A source record stands for
 * its content hash, else for its URI; the kinds of origin are kept apart by their prefix.
 */
import type { AgentId, AssertionContent, HlcStamp, RecordId, SourceContent } from '@stemedb/model';
import { kindNumber, normalizeUri } from '@stemedb/model';
import type { OriginExpression, StoreSnapshot } from '../store/store.js';
import type { RecordReader } from './records.js';

/** A source as a claim's factors need it. */
export interface KnownSource {
  readonly origin: string;
  readonly className: string | undefined;
  readonly agent: AgentId;
}

export interface ResolvedOrigin {
  /** Who states it. */
  readonly agent: AgentId;
  readonly origin: string;
  /** The source that the claim names as `source`, when it is known. */
  readonly cited: KnownSource | undefined;
}

const originOfSource = (id: RecordId, source: SourceContent): string => {
  if (source.content_hash !== undefined) return `hash:${source.content_hash}`;
  if (source.uri !== undefined) return `uri:${normalizeUri(source.uri)}`;
  throw new Error(`Source ${id} has neither content hash nor URI.`);
};

/** Short origins that rest on no other record, by expressions, which the store keeps in memory:
 * what they resolve to never changes, and normal forms of URIs are dear. */
const fixedOrigins = new WeakMap<OriginExpression, ResolvedOrigin>();
/** UTF-16 units of a URI whose normal form is kept: the store keeps 65,536 expressions, and of the
 * longest URIs the forms would take as much as two caches of answers. */
const keptUriUnitsMax = 256;

const isFixed = ({ source, derivedFrom, sourceUri }: OriginExpression): boolean =>
  source === undefined &&
  derivedFrom.length === 0 &&
  (sourceUri === undefined || sourceUri.length <= keptUriUnitsMax);

const fixedOriginOf = (expression: OriginExpression): ResolvedOrigin => {
  const known = fixedOrigins.get(expression);
  if (known !== undefined) return known;
  const { agent } = expression;
  const resolved = { agent, origin: ownOriginOf(expression), cited: undefined };
  fixedOrigins.set(expression, resolved);
  return resolved;
};

/** The origin of a claim that names no known source. */
const ownOriginOf = ({ sourceUri, agent }: OriginExpression): string =>
  sourceUri === undefined ? `agent:${agent}` : `uri:${normalizeUri(sourceUri)}`;

/** Resolves origins for one question; remembers what it has seen. */
export class OriginResolver {
  readonly #snapshot: StoreSnapshot;
  readonly #reader: RecordReader;
  readonly #asOf: HlcStamp;
  readonly #sources = new Map<RecordId, KnownSource | undefined>();
  readonly #resolved = new Map<number, ResolvedOrigin>();

  constructor(snapshot: StoreSnapshot, reader: RecordReader, asOf: HlcStamp) {
    this.#snapshot = snapshot;
    this.#reader = reader;
    this.#asOf = asOf;
  }

  /** The origin behind a row's `originNumber`. */
  resolve(originNumber: number): ResolvedOrigin {
    const expression = this.#snapshot.originExpression(originNumber);
    if (isFixed(expression)) return fixedOriginOf(expression);
    const known = this.#resolved.get(originNumber);
    if (known !== undefined) return known;
    const resolved = this.#resolve(expression);
    this.#resolved.set(originNumber, resolved);
    return resolved;
  }

  #resolve(expression: OriginExpression): ResolvedOrigin {
    const { agent, source, derivedFrom } = expression;
    const cited = source === undefined ? undefined : this.#source(source);
    const origin =
      this.#firstSource(derivedFrom)?.origin ?? cited?.origin ?? ownOriginOf(expression);
    return { agent, origin, cited };
  }

  /** The source that a claim read on its own names as `source`, when it is known. */
  citedBy(content: AssertionContent): KnownSource | undefined {
    return content.source === undefined ? undefined : this.#source(content.source);
  }

  #firstSource(ids: readonly RecordId[]): KnownSource | undefined {
    for (const id of ids) {
      const source = this.#source(id);
      if (source !== undefined) return source;
    }
    return undefined;
  }

  #source(id: RecordId): KnownSource | undefined {
    if (this.#sources.has(id)) return this.#sources.get(id);
    const source = this.#read(id);
    this.#sources.set(id, source);
    return source;
  }

  #read(id: RecordId): KnownSource | undefined {
    const content = this.#reader.content(id, this.#asOf, kindNumber.source);
    if (content?.kind !== 'source') return undefined;
    return {
      origin: originOfSource(id, content),
      className: content.class,
      agent: content.agent_id,
    };
  }
}
