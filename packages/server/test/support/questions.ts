/** The questions that property tests ask of a database: every lens, decay, explanation, filters. */

import type { Answer } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import type { Question } from '../../src/query/question.js';
import { historyAgents } from './histories.js';

const lenses = ['recency', 'confidence', 'consensus', 'authority', 'layered', 'skeptic'];

const variants: readonly Partial<Question>[] = [
  {},
  { explain: true },
  { decay: 'class', explain: true },
  { decay: 30 },
  { minConfidence: 0.5 },
  { sourceClass: 'community' },
  ...(historyAgents[0] === undefined ? [] : [{ agentId: historyAgents[0] }]),
];

const scopes: readonly Question['scope'][] = [
  { type: 'prefix', prefix: 'lab' },
  { type: 'prefix', prefix: 'fda://drug' },
  { type: 'concept', conceptPath: 'wiki://é/ü' },
];

/** Every question, without a moment. */
export const allQuestions = (): readonly Question[] =>
  lenses.flatMap((lens) =>
    scopes.flatMap((scope) =>
      variants.map((variant): Question => ({ scope, lens, limit: 1000, ...variant })),
    ),
  );

/** Asks, and takes nothing but an answer. */
export const ask = async (
  database: Database,
  question: Question,
  asOf?: string | number,
): Promise<Answer> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const asked = asOf === undefined ? question : { ...question, asOf };
  const answer = await database.query.ask(principal, asked);
  if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.value;
};

/** What must be the same wherever the same records are: all but the id of the question. */
const comparable = (answer: Answer): string => {
  const { query_id: _id, next_cursor: _cursor, ...rest } = answer;
  return JSON.stringify(rest);
};

/** Several answers as one text, in the order of the questions. */
export const answersTo = async (
  database: Database,
  questions: readonly Question[],
  asOf?: string | number,
): Promise<readonly string[]> => {
  const texts: string[] = [];
  for (const question of questions) texts.push(comparable(await ask(database, question, asOf)));
  return texts;
};
