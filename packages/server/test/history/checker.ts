/**
 * Holds a recorded history against the records that the log has in the end. A node is one register
 * of records that only grows, and its stamps say in which order: so it is enough to check that the
 * stamps agree with the order in which calls began and ended, and that each answer is a function of
 * the records up to its moment (strict serializability with the witness given; Papadimitriou 1979).
 */
import {
  decodeStored,
  type HlcStamp,
  type RecordId,
  type RecordKind,
  recordIdOf,
} from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import type { History, Read, Write } from './recorded.js';

/** One sentence for each thing that must not be; at most this many. */
const violationsMax = 20;

interface Stored {
  readonly id: RecordId;
  readonly stamp: HlcStamp;
  readonly kind: RecordKind;
}

type Accepted = Write & { readonly said: { readonly type: 'accepted' } };

const isAccepted = (write: Write): write is Accepted => write.said.type === 'accepted';

/** What is wrong with a history; empty when nothing is. `log` in its own order. */
export const violationsOf = (history: History, log: readonly MergeRecord[]): readonly string[] => {
  const stored = log.map(
    ({ bytes, stamp }): Stored => ({
      id: recordIdOf(bytes),
      stamp,
      kind: decodeStored(bytes).kind,
    }),
  );
  const found = [
    ...stampsRise(stored),
    ...nothingInvented(history, stored),
    ...nothingLost(history, stored),
    ...writesInOrder(history),
    ...answersInOrder(history),
    ...answersRepeat(history.reads),
    ...finalAnswers(history.reads),
  ];
  return found.slice(0, violationsMax);
};

function* stampsRise(stored: readonly Stored[]): Generator<string> {
  for (const [at, { id, stamp }] of stored.entries()) {
    const before = stored[at - 1];
    if (before !== undefined && before.stamp >= stamp) {
      yield `the stamp of ${id} is ${stamp}, not above ${before.stamp} before it in the log`;
    }
  }
}

function* nothingInvented({ sent, writes }: History, stored: readonly Stored[]): Generator<string> {
  const kept = new Set(writes.filter(({ said }) => said.type !== 'refused').map(({ id }) => id));
  const refused = new Set(writes.map(({ id }) => id).filter((id) => !kept.has(id)));
  const seen = new Set<RecordId>();
  for (const { id, kind } of stored) {
    // The node states its policy itself.
    if (!sent.has(id) && kind !== 'policy') yield `${id} is stored and nobody sent it`;
    // A signature that was refused on its own may come with the record that it signs.
    if (refused.has(id) && kind !== 'attestation') yield `${id} is stored and was refused`;
    if (seen.has(id)) yield `${id} is stored twice`;
    seen.add(id);
  }
}

function* nothingLost({ writes }: History, stored: readonly Stored[]): Generator<string> {
  const stamps = new Map(stored.map(({ id, stamp }) => [id, stamp]));
  const created = new Map<RecordId, number>();
  for (const { id, said } of writes) {
    if (said.type !== 'accepted') continue;
    const stamp = stamps.get(id);
    if (stamp === undefined) yield `${id} was acknowledged and is lost`;
    else if (stamp !== said.stamp) yield `${id} was acknowledged at ${said.stamp}, is at ${stamp}`;
    if (said.status === 'created') created.set(id, (created.get(id) ?? 0) + 1);
  }
  for (const [id, times] of created) {
    if (times > 1) yield `${id} was said to be created ${times} times`;
  }
}

/** For each moment: the greatest stamp that was known to somebody before it. */
class Known {
  readonly #moments: readonly { readonly ended: number; readonly stamp: HlcStamp }[];

  constructor(seen: readonly { readonly ended: number; readonly stamp: HlcStamp }[]) {
    let greatest = '' as HlcStamp;
    this.#moments = [...seen]
      .sort((a, b) => a.ended - b.ended)
      .map(({ ended, stamp }) => {
        if (stamp > greatest) greatest = stamp;
        return { ended, stamp: greatest };
      });
  }

  before(moment: number): HlcStamp | undefined {
    let [low, high] = [0, this.#moments.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#moments[middle]?.ended ?? 0) < moment) low = middle + 1;
      else high = middle;
    }
    return this.#moments[low - 1]?.stamp;
  }
}

const acknowledged = (writes: readonly Write[]) =>
  writes.filter(isAccepted).map(({ said: { ended, stamp } }) => ({ ended, stamp }));

const presentAnswers = (reads: readonly Read[]): readonly Read[] =>
  reads.filter(({ isMoving, isPast }) => !isMoving && !isPast);

/** What begins after an acknowledgement or an answer is later than all of it. */
function* writesInOrder({ writes, reads }: History): Generator<string> {
  const known = new Known([
    ...acknowledged(writes),
    ...reads.map(({ ended, asOf }) => ({ ended, stamp: asOf })),
  ]);
  for (const { id, begun, said } of writes) {
    if (said.type !== 'accepted' || said.status !== 'created') continue;
    const earlier = known.before(begun);
    if (earlier !== undefined && said.stamp <= earlier) {
      yield `${id} is stamped ${said.stamp}, and ${earlier} was known before it was sent`;
    }
  }
}

/** Every client reads what anybody was told before, and never goes back. */
function* answersInOrder({ writes, reads }: History): Generator<string> {
  const known = new Known(acknowledged(writes));
  const answered = new Known(
    presentAnswers(reads).map(({ ended, asOf }) => ({ ended, stamp: asOf })),
  );
  for (const { question, begun, asOf } of presentAnswers(reads)) {
    const written = known.before(begun);
    if (written !== undefined && asOf < written) {
      yield `${question} was answered as of ${asOf} after a write at ${written} was acknowledged`;
    }
    const seen = answered.before(begun);
    if (seen !== undefined && asOf < seen) {
      yield `${question} was answered as of ${asOf} after an answer as of ${seen}`;
    }
  }
}

/** The same question about the same moment has one answer, for ever. */
function* answersRepeat(reads: readonly Read[]): Generator<string> {
  const answers = new Map<string, string>();
  for (const { question, asOf, results } of reads) {
    const key = `${question} as of ${asOf}`;
    const earlier = answers.get(key);
    if (earlier !== undefined && earlier !== results) yield `${key} has two answers`;
    answers.set(key, results);
  }
}

function* finalAnswers(reads: readonly Read[]): Generator<string> {
  for (const { question, asOf, isFinal } of reads) {
    if (!isFinal) yield `${question} as of ${asOf} is not final on a single node that writes`;
  }
}
