/** Lists that come in pages: records of one kind, and what a retraction would change. */
import type { ImpactAnswer, JsonValue, ListedRecord, RecordList } from '@stemedb/model';
import { type Calls, type ReadOptions, segment } from './calls.js';
import { normalizeInput } from './input.js';
import { type ListedKind, pathOf } from './kinds.js';

interface TargetFilter {
  /** Only records about this one. */
  readonly target?: string;
}

interface AuthorFilter {
  /** Only records of this agent. */
  readonly agent_id?: string;
}

type NoFilter = { readonly [name: string]: never };

/** What a list of each kind may be narrowed to. */
export interface FilterOf {
  /** The signatures of one assertion. */
  readonly attestation: { readonly target: string };
  readonly vote: TargetFilter & AuthorFilter;
  readonly verdict: TargetFilter & AuthorFilter;
  readonly supersession: TargetFilter & AuthorFilter;
  /** Aliases with this concept path on either side. */
  readonly alias: { readonly concept_path?: string } & AuthorFilter;
  readonly epoch: NoFilter;
  readonly source: AuthorFilter;
  readonly policy: NoFilter;
}

export interface PageOptions extends ReadOptions {
  /** Of one page, 1 to 1,000; 100 if left out. */
  readonly limit?: number;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
}

/** What a caller may say of a list as a whole. */
export type ListOptions = Omit<PageOptions, 'cursor'>;

type Filter = FilterOf[keyof FilterOf];

const listOf = (
  kind: ListedKind | 'attestation',
  filter: Filter,
): { readonly path: string; readonly filter: { readonly [name: string]: JsonValue } } => {
  const fields = normalizeInput(filter);
  if (kind !== 'attestation') return { path: pathOf[kind], filter: fields };
  const { target, ...rest } = fields;
  return { path: `/v1/assertions/${segment(String(target))}/signatures`, filter: rest };
};

/** One page of records of a kind. */
export const recordPage = (
  calls: Calls,
  kind: ListedKind | 'attestation',
  stated: Filter,
  options: PageOptions,
): Promise<RecordList> => {
  const { path, filter } = listOf(kind, stated);
  const { limit, cursor } = options;
  return calls.read(path, options, { ...filter, limit, cursor });
};

/** All records of a kind, page after page, as of the moment of the first page. */
export async function* recordsOf(
  calls: Calls,
  kind: ListedKind | 'attestation',
  filter: Filter,
  options: ListOptions,
): AsyncGenerator<ListedRecord, void> {
  const turn = (cursor: string | undefined): Promise<RecordList> =>
    recordPage(calls, kind, filter, { ...options, ...(cursor !== undefined && { cursor }) });
  for await (const page of pages(turn)) yield* page.records;
}

export interface ImpactOptions extends ListOptions {
  /** `recency` if left out. */
  readonly lens?: string;
}

export type ImpactPageOptions = ImpactOptions & PageOptions;

/** One page of what the retraction of a source would change. */
export const impactPage = (
  calls: Calls,
  sourceId: string,
  options: ImpactPageOptions,
): Promise<ImpactAnswer> => {
  const { lens, limit, cursor } = options;
  const path = `${pathOf.source}/${segment(sourceId)}/impact`;
  return calls.read(path, options, { lens, limit, cursor });
};

/** All of it, page after page, as of the moment of the first page. */
export const impactPages = (
  calls: Calls,
  sourceId: string,
  options: ImpactOptions,
): AsyncGenerator<ImpactAnswer, void> =>
  pages((cursor) =>
    impactPage(calls, sourceId, { ...options, ...(cursor !== undefined && { cursor }) }),
  );

async function* pages<Page extends { readonly next_cursor?: string }>(
  turn: (cursor: string | undefined) => Promise<Page>,
): AsyncGenerator<Page, void> {
  let cursor: string | undefined;
  do {
    const page = await turn(cursor);
    yield page;
    cursor = page.next_cursor;
  } while (cursor !== undefined);
}
