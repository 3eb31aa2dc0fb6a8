/** The questions that property tests ask of a database: every lens, every filter, every moment. */
import type { Answer, RecordId } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import { LensRegistry } from '../../src/lens/registry.js';
import type { Question } from '../../src/query/question.js';
import { classNames, everybody, paths, predicates } from './histories/cast.js';
import type { Seeded } from './seeded.js';

const lenses: readonly string[] = new LensRegistry().names();

/** Lenses that are asked about one concept, not below a prefix. */
const ofOneConcept: ReadonlySet<string> = new Set(['constraints']);

const scopeOf = (random: Seeded, lens: string): Question['scope'] => {
  if (ofOneConcept.has(lens) || random.chance(0.5)) {
    const conceptPath = random.chance(0.5) ? 'lab/alpha' : random.pick(paths);
    return { type: 'concept', conceptPath };
  }
  return { type: 'prefix', prefix: random.chance(0.7) ? 'lab' : 'fda://drug' };
};

/** What a question may name of the history that it is asked of. */
export interface Known {
  readonly epochs: readonly RecordId[];
  readonly startMs: number;
}

/** One part of a question that is stated now and then. */
type Part = readonly [chance: number, draw: (random: Seeded, known: Known) => Partial<Question>];

const parts: readonly Part[] = [
  [0.5, () => ({ explain: true })],
  [0.25, (random) => ({ decay: random.pick(['class', 30, 0.5] as const) })],
  [0.2, () => ({ includeSuperseded: true })],
  [0.2, (random) => ({ aliases: random.pick(['all', 'none'] as const) })],
  [0.2, () => ({ onRetracted: 'warn' })],
  [0.12, (random) => ({ minTrust: random.pick([0.45, 0.5, 0.55]) })],
  [0.1, (random) => ({ minConfidence: random.pick([0.1, 0.5]) })],
  [0.08, (random) => ({ sourceClass: random.pick(classNames) })],
  [0.08, (random) => ({ agentId: random.pick(everybody) })],
  [0.1, (random) => ({ lifecycle: random.pick(['proposed', 'approved', 'rejected']) })],
  [0.08, (random) => ({ predicate: random.pick(predicates) })],
  [0.08, (random, { epochs }) => (epochs.length === 0 ? {} : { epoch: random.pick(epochs) })],
  [0.05, (random, { startMs }) => ({ sinceMs: startMs + random.below(100) })],
  [0.05, (random, { startMs }) => ({ assertedAfterMs: startMs - random.below(40) * 86_400_000 })],
  [0.05, (random, { startMs }) => ({ assertedBeforeMs: startMs + random.below(100) })],
];

/** Questions without a moment: each lens once plainly and explained, the rest drawn. */
export const someQuestions = (random: Seeded, count: number, known: Known): readonly Question[] => {
  const plain = lenses.map(
    (lens): Question => ({
      scope: ofOneConcept.has(lens)
        ? { type: 'concept', conceptPath: 'lab/alpha/one' }
        : { type: 'prefix', prefix: 'lab' },
      lens,
      explain: true,
      limit: 1000,
    }),
  );
  const drawn = Array.from({ length: count - plain.length }, (): Question => {
    const lens = random.pick(lenses);
    let question: Question = { scope: scopeOf(random, lens), lens, limit: 1000 };
    for (const [chance, draw] of parts) {
      if (random.chance(chance)) question = { ...question, ...draw(random, known) };
    }
    return question;
  });
  return [...plain, ...drawn];
};

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
export const comparable = (answer: Answer): string => {
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
