/**
 * What the records about claims do to them at one moment, as one question sees it: retraction,
 * revisions, epochs, aliases and trust. Everything is computed on reading from the set of records
 * stamped at or before the moment and from the policy in force at each record's own stamp, so no
 * order of arrival matters (spec 1, "the gate advises, the reader decides").
 */
import type {
  AgentId,
  AssertionContent,
  HlcStamp,
  Lifecycle,
  RecordContent,
  RecordId,
} from '@stemedb/model';
import type { Nano } from '../lens/lens.js';
import type { RecordAuthor } from './governance.js';
import type { Taint } from './taint.js';

/** A claim as the rules of revision need it; a candidate row is one. */
export interface RevisableClaim {
  readonly id: RecordId;
  readonly stamp: HlcStamp;
  readonly assertedMs: number;
  /** As stated. */
  readonly lifecycle: Lifecycle;
  readonly hasParent: boolean;
}

/** Where one claim stands among the revisions of its pair (spec 1.1, "Revisions"). */
export interface Standing {
  /** In which it takes part: a stated one that needs a right its author lacks reads `proposed`. */
  readonly lifecycle: Lifecycle;
  /** The claim that took its place: its last effective child, or its sibling that came later. */
  readonly succeededBy?: RecordId;
  /**
   * The claims before it in its chain of transitions, its parent first. All factors and the voice
   * are those of the last of them, the first claim of the chain; votes on any of them count for it.
   */
  readonly transitionsOf?: readonly RecordId[];
}

/** Whose claims a question about one concept reads. */
export interface JoinedPaths {
  /** The asked path first, then the others breadth-first, neighbours bytewise. */
  readonly paths: readonly string[];
  /** True when more than `aliasPathsMax` were joined, so that some were left out. */
  readonly truncated: boolean;
}

/** Paths that one concept is read under (spec 7, "Aliases"). */
export const aliasPathsMax = 64;

export interface AttestedBy {
  readonly agentId: AgentId;
  readonly stamp: HlcStamp;
}

/** What the rules have to know about records, read from one snapshot as of one moment. */
export interface RuleFacts {
  /** Last sequence of the snapshot. */
  readonly appliedSequence: number;
  readonly asOf: HlcStamp;
  /** Undefined for a record that is not known at the moment. */
  author(id: RecordId): RecordAuthor | undefined;
  /** Undefined for other kinds and for a claim that is not known at the moment. */
  claim(id: RecordId): { readonly content: AssertionContent; readonly stamp: HlcStamp } | undefined;
  /** Content of a record of any kind; undefined when it is not known at the moment. */
  content(id: RecordId): RecordContent | undefined;
  /** Who signed a record, with the stamp of each attestation, in no order. */
  attesters(id: RecordId): readonly AttestedBy[];
}

/** A question that supposes something, as the impact of a retraction does. */
export interface Assumption {
  /** This record is out as if the last effective word on it were to retract it; reasons name the
   * record itself as what it was retracted by. */
  readonly retracted: RecordId;
}

/** One step of the trust in an agent. */
export interface TrustStep {
  readonly verdict: RecordId;
  readonly target: RecordId;
  readonly outcome: 'accurate' | 'inaccurate';
  readonly effectiveMs: number;
  /** After the step. */
  readonly trust: Nano;
}

export interface ClaimRules {
  /** What is out by supersession or by cascade; undefined when nothing was superseded. */
  readonly taint: Taint | undefined;
  /** The same, even where nothing was superseded: for the few claims that an answer names, whose
   * premises may stand too deep to be checked. */
  readonly provenance: Taint;
  /** Standings of claims of one pair; one that is not in the answer takes part as stated, with its
   * own voice, and nobody took its place. All claims of the pair must be given. No promise where
   * nothing has to be read. */
  standings(
    claims: readonly RevisableClaim[],
  ): Promise<ReadonlyMap<RecordId, Standing>> | ReadonlyMap<RecordId, Standing>;
  /** The claim that this one carries on in another state, which is a premise of it; undefined when
   * it is no transition. */
  carriesOn(claim: RecordId): RecordId | undefined;
  /** The record by which claims of this epoch are out; undefined when it stands. */
  epochSupersededBy(epoch: RecordId): RecordId | undefined;
  /** `effective`: by aliases that count; `all`: by proposed ones too. */
  joined(conceptPath: string, aliases: 'effective' | 'all' | 'none'): JoinedPaths;
  /** Every concept that one alias which counts joins to this one, in no order, some twice: of what
   * is joined by such steps `joined` reads no more than `aliasPathsMax`. Undefined stands for one
   * that is passed over, which is work as well. */
  joinedDirectly(conceptPath: string): Iterable<string | undefined>;
  /** Reads, with turns for others, what trust rests on; without it the first that asks for trust
   * reads all of it at once. */
  readTrust(): Promise<void>;
  /** `r` of spec 6: the trust in an agent at the moment, drifted up to it. */
  trustOf(agent: AgentId): Nano;
  /** Every step behind `trustOf`, oldest first. */
  trustSteps(agent: AgentId): readonly TrustStep[];
  /** True when a verdict counts at the moment, so that trust moves with time. */
  readonly trustMoves: boolean;
  /** The rule that keeps a vote, verdict, alias, epoch or supersession from having an effect, as a
   * sentence; undefined when it has one, or is of another kind. */
  withoutEffect(id: RecordId): string | undefined;
}
