/**
 * The claims of one check: each follows from the run and its number alone, so that what was
 * acknowledged can be recognised again, content and id, without being kept.
 */
import {
  type AgentId,
  canonicalBytes,
  type JsonObject,
  type RecordId,
  recordIdOf,
} from '@stemedb/model';

/** Everything that a check writes lies below this path. */
const concept = 'pilot-check';
const predicate = 'sample';
/** Claims that compete for one concept, a handful of values among them. */
const claimsPerConcept = 20;
const filling = 'What a pilot writes is kept like any other claim. ';

export interface PilotClaim {
  readonly concept_path: string;
  readonly predicate: string;
  readonly value: string;
  readonly agent_id: AgentId;
  readonly asserted_at: number;
}

export class PilotClaims {
  readonly #agentId: AgentId;
  readonly #assertedAt: number;
  readonly #filling: string;
  /** `pilot-check/<run>`. */
  readonly prefix: string;

  constructor(run: string, agentId: AgentId, assertedAt: number, claimBytes: number) {
    this.prefix = `${concept}/${run}`;
    this.#agentId = agentId;
    this.#assertedAt = assertedAt;
    this.#filling = '';
    const missing = Math.max(0, claimBytes - canonicalBytes(this.#content(0)).length);
    this.#filling = filling.repeat(Math.ceil(missing / filling.length)).slice(0, missing);
  }

  /** The concept that the claim with this number is about. */
  conceptOf(number: number): string {
    return `${this.prefix}/${Math.floor(number / claimsPerConcept)}`;
  }

  claim(number: number): PilotClaim {
    return {
      concept_path: this.conceptOf(number),
      predicate,
      value: `${number}: ${this.#filling}`,
      agent_id: this.#agentId,
      asserted_at: this.#assertedAt,
    };
  }

  idOf(number: number): RecordId {
    return recordIdOf(canonicalBytes(this.#content(number)));
  }

  /** The number of a claim of this run; undefined for any other record. */
  numberOf(content: JsonObject): number | undefined {
    const { concept_path: path, value } = content;
    if (typeof path !== 'string' || typeof value !== 'string') return undefined;
    if (!path.startsWith(`${this.prefix}/`)) return undefined;
    const number = Number(/^(\d+):/.exec(value)?.[1]);
    return Number.isSafeInteger(number) ? number : undefined;
  }

  /** A question about one of these concepts. */
  question(number: number): { readonly concept_path: string; readonly predicate: string } {
    return { concept_path: this.conceptOf(number), predicate };
  }

  #content(number: number): JsonObject {
    return { ...this.claim(number), kind: 'assertion', v: 1 };
  }
}
