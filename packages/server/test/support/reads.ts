/** Everything that can be read beside the answers of lenses: lists, details, trust, impact. */
import { type Outcome, type RecordId, type RecordKind, recordKinds } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { everybody } from './histories/cast.js';
import { idsOfKind } from './log_records.js';
import type { Seeded } from './seeded.js';

/** One call, as it can be repeated on another database. */
export interface Read {
  readonly name: string;
  readonly call: (database: Database, asOf: string | number) => Promise<Outcome<object>>;
}

const principalOf = ({ agentId }: Database) => ({ type: 'node', agentId }) as const;

const listsOf = (kind: RecordKind): Read => ({
  name: `list of ${kind}`,
  call: (database, asOf) => database.reads.list(principalOf(database), { kind, asOf, limit: 1000 }),
});

const detailOf = (id: RecordId): Read => ({
  name: `assertion ${id}`,
  call: (database, asOf) => database.reads.assertion(principalOf(database), id, { asOf }),
});

const trustIn = (agent: (typeof everybody)[number]): Read => ({
  name: `trust in ${agent}`,
  call: (database, asOf) => database.reads.trust(principalOf(database), agent, { asOf }),
});

const impactOf = (source: RecordId): Read => ({
  name: `impact of ${source}`,
  call: (database, asOf) =>
    database.impacts.impact(principalOf(database), {
      source,
      lens: 'consensus',
      asOf,
      limit: 1000,
    }),
});

/** A spread of calls over what a history told; some of it is not known at an early moment. */
export const someReads = (random: Seeded, records: readonly MergeRecord[]): readonly Read[] => {
  const claims = random.shuffled(idsOfKind(records, 'assertion')).slice(0, 12);
  const sources = random.shuffled(idsOfKind(records, 'source')).slice(0, 2);
  return [
    ...recordKinds.map(listsOf),
    ...claims.map(detailOf),
    ...everybody.map(trustIn),
    ...sources.map(impactOf),
  ];
};

/** What each call says, the place in the log of this node left out; a refusal by its code. */
export const readsOf = async (
  database: Database,
  reads: readonly Read[],
  asOf: string | number,
): Promise<readonly string[]> => {
  const texts: string[] = [];
  for (const { call } of reads) {
    const read = await call(database, asOf);
    const { position: _position, ...said } = read.ok
      ? { position: undefined, ...read.value }
      : { position: undefined, refused: read.error.code };
    texts.push(JSON.stringify(said));
  }
  return texts;
};
