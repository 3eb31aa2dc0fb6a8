/** Which kinds of records change answers: each question before a record and right after it. */
import { decodeStored, type HlcStamp, type RecordId, recordIdOf, stampMs } from '@stemedb/model';
import type { Question } from '../../src/query/question.js';
import type { Coverage } from './coverage.js';
import { historyOf, type SimulatedDatabase } from './databases.js';
import { ask } from './questions.js';
import type { Seeded } from './seeded.js';

/** Records of each kind that are looked at in one history. */
const looksPerKind = 3;

const resultsOf = async (
  { database }: SimulatedDatabase,
  question: Question,
  asOf: HlcStamp,
): Promise<string> => JSON.stringify((await ask(database, question, asOf)).results);

/**
 * Counts the questions whose results a record changes, by its kind. Only records that share their
 * millisecond with the one before them: so nothing else has moved between the two moments.
 */
export const countChanges = async (
  target: SimulatedDatabase,
  random: Seeded,
  questions: readonly Question[],
  coverage: Coverage,
): Promise<void> => {
  const records = [...(await historyOf(target))].sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
  const known = new Set<RecordId>();
  const steps = records.flatMap((record, at) => {
    const before = records[at - 1];
    const content = decodeStored(record.bytes);
    known.add(recordIdOf(record.bytes));
    if (before === undefined || stampMs(before.stamp) !== stampMs(record.stamp)) return [];
    // An author's own signature comes before the record, and then changes nothing.
    if (content.kind === 'attestation' && !known.has(content.target)) return [];
    return [{ kind: content.kind, before: before.stamp, after: record.stamp }];
  });
  const looked = new Map<string, number>();
  for (const { kind, before, after } of random.shuffled(steps)) {
    const looks = looked.get(kind) ?? 0;
    if (looks >= looksPerKind) continue;
    looked.set(kind, looks + 1);
    for (const question of questions) {
      const [was, is] = [
        await resultsOf(target, question, before),
        await resultsOf(target, question, after),
      ];
      if (was !== is) coverage.add(`answers changed by: ${kind}`);
    }
  }
};
