/** How old claims lose weight when a question asks for decay, with the arithmetic. */
import { defaultPolicyTable, type PolicyClass, parseTime, type RecordId } from '@stemedb/model';
import { supportedSince } from './dataset.js';
import { day, figure, say } from './format.js';
import type { DemoClient } from './ports.js';
import { askAt, askOne, type ExplainedClaim, readExplanation } from './questions.js';
import type { Stage } from './stage.js';

const dayMs = 86_400_000;

/** One claim under `decay=class`. */
interface DecayedClaim {
  readonly agentId: string;
  readonly className: string;
  readonly ageDays: number;
  /** Undefined for a class that never decays. */
  readonly halfLifeDays: number | undefined;
  /** By the formula, confidence * 2^(-age / half-life). */
  readonly computed: number;
  /** By the server. */
  readonly effectiveConfidence: number;
}

export interface DecayReport {
  readonly path: string;
  /** The answer of the lens `confidence` without decay and with it. */
  readonly plain: unknown;
  readonly decayed: unknown;
  readonly claims: readonly DecayedClaim[];
}

async function classesOf(
  client: DemoClient,
  policy: RecordId | null,
): Promise<readonly PolicyClass[]> {
  if (policy === null) return defaultPolicyTable.classes;
  const record = (await client.record(policy))?.record;
  return record?.kind === 'policy' ? record.classes : defaultPolicyTable.classes;
}

function decayedClaim(
  claim: ExplainedClaim,
  momentMs: number,
  classes: readonly PolicyClass[],
): DecayedClaim {
  const { agentId, className, confidence, effectiveConfidence, effectiveMs } = claim;
  const ageDays = (momentMs - effectiveMs) / dayMs;
  const halfLifeDays = classes.find(({ name }) => name === className)?.half_life_days;
  const factor = halfLifeDays === undefined ? 1 : 2 ** (-ageDays / halfLifeDays);
  const computed = confidence * factor;
  return { agentId, className, ageDays, halfLifeDays, computed, effectiveConfidence };
}

function arithmetic({ ageDays, halfLifeDays, computed }: DecayedClaim, confidence: number): string {
  const age = ageDays.toFixed(2);
  if (halfLifeDays === undefined) return `${confidence}, never decays`;
  return `${confidence} * 2^(-${age} / ${halfLifeDays}) = ${figure(computed)}`;
}

/** Asks about one pair, older claims included, without decay and with it. */
export async function showDecay(stage: Stage, path: string): Promise<DecayReport> {
  const { client, output, releases, complete } = stage;
  const asker = askAt(client, complete);
  const everything = { include_superseded: true, explain: true } as const;
  const [plain] = await askOne(asker, path, 'confidence', everything);
  const answer = await asker.query({
    concept_path: path,
    predicate: supportedSince,
    lens: 'confidence',
    decay: 'class',
    ...everything,
  });
  const [decayed] = answer.results;
  const classes = await classesOf(client, answer.policy);
  const explained = readExplanation(decayed?.explain).claims;
  const momentMs = parseTime(answer.as_of) ?? 0;
  const names = new Map(releases.newer.sources.map((s) => [s.content.agent_id as string, s.name]));
  const claims = explained.map((claim) => decayedClaim(claim, momentMs, classes));
  await output.section('Old claims fade, when the question asks for it');
  await output.line(
    `All claims about ${path}, of both releases, with decay=class at ${answer.as_of}:`,
  );
  await output.table(
    ['who', 'asserted', 'class', 'confidence * 2^(-age in days / half-life)', 'by the server'],
    claims.map((claim, at) => [
      names.get(claim.agentId) ?? claim.agentId,
      day(explained[at]?.effectiveMs),
      claim.className,
      arithmetic(claim, explained[at]?.confidence ?? 1),
      figure(claim.effectiveConfidence),
    ]),
  );
  const tie = plain?.tied === true ? ' (tied)' : '';
  await output.line(
    `The lens confidence without decay: ${say(plain?.value)} at ${figure(plain?.confidence)}` +
      `${tie}; with it: ${say(decayed?.value)} at ${figure(decayed?.confidence)}.`,
  );
  return { path, plain: plain?.value, decayed: decayed?.value, claims };
}
