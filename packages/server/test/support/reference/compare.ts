/** Holds answers of a database against the reference: who takes part, with which factors. */
import assert from 'node:assert/strict';
import type { AnswerResult, HlcStamp, RecordId } from '@stemedb/model';
import type { MergeRecord } from '../../../src/ingest/ingest.js';
import type { Question } from '../../../src/query/question.js';
import type { SimulatedDatabase } from '../databases.js';
import { paths } from '../histories/cast.js';
import { ask } from '../questions.js';
import { type ExpectedCandidate, type ExpectedQuestion, ReferenceAnswers } from './answers.js';

interface Explained {
  readonly values: readonly { readonly value_key: string; readonly score: number }[];
  readonly candidates: readonly (ExpectedCandidate & { readonly value_key: string })[];
}

const explained = (result: AnswerResult): Explained => result.explain as Explained;

/** Trust is a whole number of 10^-9 there and a fraction here, after some roundings. */
const trustTolerance = 1e-7;

const variants: readonly Omit<ExpectedQuestion, 'conceptPath'>[] = [
  {},
  { aliases: 'all' },
  { aliases: 'none', includeSuperseded: true },
  { aliases: 'none', onRetracted: 'warn' },
  { includeSuperseded: true, onRetracted: 'warn' },
  { lifecycle: 'approved' },
];

/** Fails where an answer is not what the rules say of the records up to the moment. */
export const followsRules = async (
  target: SimulatedDatabase,
  records: readonly MergeRecord[],
  asOf: HlcStamp,
): Promise<void> => {
  const reference = new ReferenceAnswers(records, asOf);
  for (const conceptPath of paths) {
    for (const variant of variants) {
      const asked = { conceptPath, ...variant };
      const where = `answered otherwise than the rules as of ${asOf}: ${JSON.stringify(asked)}`;
      await sameCandidates(target, reference, asked, asOf, where);
    }
  }
  for (const prefix of ['lab', 'lab/alpha']) {
    const scope = { type: 'prefix', prefix } as const;
    const { results } = await ask(target.database, { scope, lens: 'recency', limit: 1000 }, asOf);
    const pairs = results.map((result) => `${result.concept_path} ${result.predicate}`);
    const where = `answered otherwise than the rules as of ${asOf} below ${prefix}`;
    assert.deepEqual(pairs.sort(), reference.pairsBelow(prefix).toSorted(), where);
  }
};

const questionOf = ({ conceptPath, ...variant }: ExpectedQuestion, lens: string): Question => ({
  scope: { type: 'concept', conceptPath },
  lens,
  explain: true,
  limit: 1000,
  ...variant,
});

const sameCandidates = async (
  { database }: SimulatedDatabase,
  reference: ReferenceAnswers,
  asked: ExpectedQuestion,
  asOf: HlcStamp,
  where: string,
): Promise<void> => {
  const { results } = await ask(database, questionOf(asked, 'votes'), asOf);
  const expected = reference.candidates(asked);
  assert.deepEqual(
    results.map((result) => result.predicate).sort(),
    [...expected.keys()].sort(),
    where,
  );
  for (const result of results) {
    const { candidates, values } = explained(result);
    const wanted = expected.get(result.predicate) ?? [];
    const shown = candidates.map((one) => plainly(one));
    shown.sort((a, b) => (a.assertion < b.assertion ? -1 : 1));
    assert.deepEqual(shown, wanted.map(plainly), `${where} ${result.predicate}`);
    for (const { agent_id, trust } of candidates) {
      const gap = Math.abs(trust - reference.trust(agent_id));
      assert.ok(gap < trustTolerance, `${where} trust of ${agent_id}: ${trust}, off by ${gap}`);
    }
    const tallies = values.map(({ value_key, score }) => ({
      score,
      ...reference.votes(idsOf(candidates, value_key)),
    }));
    // Without any vote the scores are those of another lens.
    if (tallies.every(({ voters }) => voters === 0)) continue;
    for (const { score, sum } of tallies) {
      assert.ok(Math.abs(score - sum) < 1e-6, `${where} votes: ${score} instead of ${sum}`);
    }
  }
};

const plainly = ({ trust: _trust, ...rest }: ExpectedCandidate) => ({
  assertion: rest.assertion,
  agent_id: rest.agent_id,
  lifecycle: rest.lifecycle,
  confidence: rest.confidence,
  effective_time: rest.effective_time,
});

const idsOf = (candidates: Explained['candidates'], valueKey: string): readonly RecordId[] =>
  candidates.filter((one) => one.value_key === valueKey).map((one) => one.assertion);
