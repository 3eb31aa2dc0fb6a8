/** Databases that were told a story, and what their explanations say of its claims. */
import { defaultPolicyTable, type PolicyTable, type RecordId } from '@stemedb/model';
import type { Question } from '../../src/query/question.js';
import { mergeAll, type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { Story } from '../support/story.js';
import { explained, startMs } from './asking.js';

/** When stories begin: after the policy of the database that hears them. */
const storyStartMs = startMs + 1000;

/** The pair that a story's claims are about, unless they say otherwise. */
export const labX = { scope: { type: 'concept', conceptPath: 'lab/x' } } as const;

/** A database under this policy that holds what the story tells, some minutes after. */
export const told = async (
  story: Story,
  policy: Partial<PolicyTable> = {},
): Promise<SimulatedDatabase> => {
  const target = await simulatedDatabase({
    startMs,
    identity: 1,
    policy: { ...defaultPolicyTable, ...policy },
  });
  target.clock.advance(600_000);
  await mergeAll(target, story.records);
  return target;
};

export const newStory = (): Story => new Story(storyStartMs);

/** Ids that take part, sorted, and why the others do not. */
export const sides = async (
  target: SimulatedDatabase,
  more: Partial<Question> = {},
): Promise<readonly [readonly RecordId[], ReadonlyMap<RecordId, string>]> => {
  const { candidates, left_out: left } = await explained(target, { ...labX, ...more });
  const taken = candidates.map(({ assertion }) => assertion).sort();
  return [taken, new Map(left.map(({ assertion, reason }) => [assertion, reason]))];
};
