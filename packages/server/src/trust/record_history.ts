/**
 * Records of one of the kinds that are few (supersession, policy, epoch, alias, verdict), in
 * memory, by what they are asked for. What a question sees of them is a function of its moment and
 * of how far its snapshot of the store is: a record that came after the snapshot is not seen,
 * however early its stamp is, so that one answer has one truth.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';

export interface RecordedContent<Content> {
  readonly id: RecordId;
  readonly stamp: HlcStamp;
  /** Place in the log of this node, against which snapshots are held. */
  readonly sequence: number;
  /** True when the node stated it for a caller who did not log in. */
  readonly byNode: boolean;
  readonly content: Content;
}

/** What part of a history counts: recorded at or before `asOf`, and in the snapshot. */
export interface HistoryView {
  readonly asOf: HlcStamp;
  /** Last sequence of the snapshot. */
  readonly appliedSequence: number;
}

/** Every record of one kind; `Key` is what they are looked up by. */
export class RecordHistory<Content, Key> {
  readonly #keysOf: (content: Content) => Iterable<Key>;
  readonly #byKey = new Map<Key, RecordedContent<Content>[]>();
  readonly #byId = new Map<RecordId, RecordedContent<Content>[]>();
  readonly #all: RecordedContent<Content>[] = [];

  /** `keysOf` may name a key twice; the record stands under it once. */
  constructor(keysOf: (content: Content) => Iterable<Key>) {
    this.#keysOf = keysOf;
  }

  /** Takes a record in, before it becomes visible; the same id may come again with a smaller
   * stamp, which counts from that sequence on. */
  add(recorded: RecordedContent<Content>): void {
    this.#all.push(recorded);
    listUnder(this.#byId, recorded.id, recorded);
    for (const key of new Set(this.#keysOf(recorded.content))) {
      listUnder(this.#byKey, key, recorded);
    }
  }

  /** One record by its id. */
  get(id: RecordId, view: HistoryView): RecordedContent<Content> | undefined {
    const [found] = earliestOfEach(this.#byId.get(id) ?? [], view);
    return found;
  }

  /** True when the view holds any record at all: most databases are asked to know no more. */
  any(view: HistoryView): boolean {
    return this.#all.some((one) => isSeen(one, view));
  }

  /** The records under a key, each once under its smallest stamp. */
  under(key: Key, view: HistoryView): Iterable<RecordedContent<Content>> {
    return earliestOfEach(this.#byKey.get(key) ?? [], view);
  }

  /** All records of the view, each once under its smallest stamp. */
  all(view: HistoryView): Iterable<RecordedContent<Content>> {
    return earliestOfEach(this.#all, view);
  }
}

const listUnder = <Key, Content>(
  lists: Map<Key, RecordedContent<Content>[]>,
  key: Key,
  recorded: RecordedContent<Content>,
): void => {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [recorded]);
  else list.push(recorded);
};

/** As the store has it: the smaller stamp, between equal ones the author who proved himself. */
const outranks = <Content>(
  one: RecordedContent<Content>,
  other: RecordedContent<Content>,
): boolean => (one.stamp === other.stamp ? !one.byNode && other.byNode : one.stamp < other.stamp);

const isSeen = (one: RecordedContent<unknown>, view: HistoryView): boolean =>
  one.stamp <= view.asOf && one.sequence <= view.appliedSequence;

/** The records of the view, each once under its smallest stamp. */
export const earliestOfEach = <Content>(
  records: readonly RecordedContent<Content>[],
  view: HistoryView,
): Iterable<RecordedContent<Content>> => {
  const [first] = records;
  // Most often there is one, and nothing to choose from.
  if (first !== undefined && records.length === 1) return isSeen(first, view) ? [first] : [];
  const earliest = new Map<RecordId, RecordedContent<Content>>();
  for (const one of records) {
    if (!isSeen(one, view)) continue;
    const known = earliest.get(one.id);
    if (known === undefined || outranks(one, known)) earliest.set(one.id, one);
  }
  return earliest.values();
};
