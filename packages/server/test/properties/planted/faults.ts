/**
 * Faults that the equivalence tests must find. Each is one exact replacement in one compiled file
 * of the server: what somebody might write by mistake, and what a test that knows one order of
 * arrival or one moment would not see.
 */

export interface PlantedFault {
  /** What is wrong with it, as a sentence. */
  readonly name: string;
  /** Compiled file below `dist/src`. */
  readonly file: string;
  /** Stands in that file exactly once. */
  readonly from: string;
  readonly to: string;
  /** Histories within which it is found. */
  readonly seeds: number;
}

/** What acts whatever its stamp is, or as of another moment than its own. */
const outOfTime: readonly PlantedFault[] = [
  {
    name: 'a retraction counts whatever its stamp is',
    file: 'trust/direct.js',
    from: 'supersessions.under(id, this.#facts)',
    to: "supersessions.under(id, { ...this.#facts, appliedSequence: 1e9, asOf: 'f'.repeat(32) })",
    seeds: 2,
  },
  {
    name: 'an alias counts whatever its stamp is',
    file: 'trust/aliases.js',
    from: 'neighbour.aliases(this.#facts)',
    to: "neighbour.aliases({ appliedSequence: 1e9, asOf: 'f'.repeat(32) })",
    seeds: 2,
  },
  {
    name: 'a signature counts for a verdict that came before it',
    file: 'trust/judging.js',
    from: 'if (stamp < verdict.stamp)',
    to: 'if (true)',
    seeds: 4,
  },
  {
    name: 'trust is that of now, not of the moment asked',
    file: 'trust/claim_rules.js',
    from: 'this.#parts.facts.asOf, trust)',
    to: "'f'.repeat(32), trust)",
    seeds: 2,
  },
  {
    name: 'judgements are remembered whatever the moment is',
    file: 'trust/judgement_memo.js',
    from: 'if (view.asOf < this.#newest || view.appliedSequence < this.#lastSequence)',
    to: 'if (false)',
    seeds: 4,
  },
  {
    name: 'the policy of the moment asked decides, not the one at the stamp of the act',
    file: 'trust/direct.js',
    from: 'inForce(one.stamp,',
    to: 'inForce(this.#facts.asOf,',
    seeds: 4,
  },
  {
    name: 'a pair below a prefix needs no claim of its own by the moment',
    file: 'query/gathering.js',
    from: 'if (path === conceptPath && this.#needsOwnClaims)',
    to: 'if (false)',
    seeds: 2,
  },
];

/** What depends on the order of arrival. */
const byArrival: readonly PlantedFault[] = [
  {
    name: 'the last vote is the one that arrived last',
    file: 'query/cast_votes.js',
    from: 'known === undefined || isLater(cast, known)',
    to: 'true',
    seeds: 4,
  },
  {
    name: 'the last child is the one that arrived last',
    file: 'trust/revisions.js',
    from: 'if (last === undefined || comesAfter(node.claim, last.claim))',
    to: 'if (true)',
    seeds: 6,
  },
  {
    name: 'the smaller stamp of a repeated id is not kept',
    file: 'ingest/batch.js',
    from: 'if (knownStamp !== undefined && !isLower) {',
    to: 'if (knownStamp !== undefined) {',
    seeds: 2,
  },
  {
    name: 'the stamp that arrived first counts for what is few',
    file: 'trust/record_history.js',
    from: 'if (known === undefined || outranks(one, known))',
    to: 'if (known === undefined)',
    seeds: 6,
  },
  {
    name: 'the later of two acts is the one that was logged later',
    file: 'trust/last.js',
    from: 'Math.min(recorded.content.asserted_at, stampMs(recorded.stamp))',
    to: 'recorded.sequence ?? 0',
    seeds: 4,
  },
];

/** What needs a right that is not asked for. */
const withoutRight: readonly PlantedFault[] = [
  {
    name: 'an alias needs no right',
    file: 'trust/aliases.js',
    from: 'if (!withProposed && this.refusal(alias) !== undefined)',
    to: 'if (false)',
    seeds: 2,
  },
  {
    name: 'an epoch supersedes without the right to it',
    file: 'trust/epochs.js',
    from: 'if (this.refusal(one, id) !== undefined)',
    to: 'if (false)',
    seeds: 4,
  },
  {
    name: 'a verdict counts whoever gives it',
    file: 'trust/judging.js',
    from: 'if (verdictRefusal(policy, verdict.content.agent_id) !== undefined)',
    to: 'if (false)',
    seeds: 2,
  },
  {
    name: 'a child takes a place whoever states it',
    file: 'trust/transitions.js',
    from: 'if (rule !== undefined) {',
    to: 'if (false) {',
    seeds: 2,
  },
  {
    name: 'a replacement is restored whoever owns it',
    file: 'trust/direct.js',
    from: '(supersessionRefusal(policy,',
    to: '(one.content.target !== id || supersessionRefusal(policy,',
    seeds: 12,
  },
];

/** What acts otherwise than it should, in whatever order and at whatever moment. */
const otherwise: readonly PlantedFault[] = [
  {
    name: 'a restore restores nothing',
    file: 'trust/direct.js',
    from: "return action === 'restore' ? undefined : { why: action, by: last.id };",
    to: "return { why: action === 'restore' ? 'retract' : action, by: last.id };",
    seeds: 2,
  },
  {
    name: 'an approval adds a voice',
    file: 'query/gathering.js',
    from: 'yield { row, voice, standing, conceptPath };',
    to: 'yield { row, voice: row, standing, conceptPath };',
    seeds: 2,
  },
  {
    name: 'an approval makes a claim younger',
    file: 'query/candidates.js',
    from: 'Math.min(voice.assertedMs, stampMs(voice.stamp))',
    to: 'Math.min(row.assertedMs, stampMs(row.stamp))',
    seeds: 2,
  },
  {
    name: 'claims that were replaced are back beside what they rest on',
    file: 'trust/retraction.js',
    from: "if (why === 'retract' || premise === undefined)",
    to: 'if (true)',
    seeds: 10,
  },
  {
    name: 'a vote on a claim is lost when the claim is approved',
    file: 'query/cast_votes.js',
    from: '[row.id, ...(standing?.transitionsOf ?? [])]',
    to: '[row.id]',
    seeds: 6,
  },
  {
    name: 'a child that is out keeps its place',
    file: 'trust/revisions.js',
    from: 'node.isOut = taints?.get(id)?.out === true;',
    to: '',
    seeds: 6,
  },
  {
    name: 'a vote that was taken back still counts',
    file: 'query/cast_votes.js',
    from: 'taints?.get(cast.vote.id)?.out !== true',
    to: 'true',
    seeds: 12,
  },
  {
    name: 'an alias that was taken back still joins',
    file: 'trust/aliases.js',
    from: 'if (this.#words.of(alias.id) !== undefined)',
    to: 'if (false)',
    seeds: 12,
  },
];

export const plantedFaults: readonly PlantedFault[] = [
  ...outOfTime,
  ...byArrival,
  ...withoutRight,
  ...otherwise,
];
