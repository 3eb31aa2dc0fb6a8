/** The calls of each record kind, from one table: write, list and read. */
import type { RecordKind } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { type ListFilter, listRecordsRoute } from './list_records.js';
import { readListedRoute } from './read_record.js';
import { type WriteRoute, writeRecordRoute } from './write_record.js';

interface KindRoutes {
  readonly path: string;
  readonly kind: RecordKind;
  /** What the kind is called in names of operations. */
  readonly name: string;
  readonly plural: string;
  readonly filters: readonly ListFilter[];
  /** Absent for what is not written through this API. */
  readonly write?: Omit<WriteRoute, 'path' | 'kind'>;
}

/** Assertions have calls of their own: `/v1/assert` and `/v1/assertions`. */
const kinds: readonly KindRoutes[] = [
  {
    path: '/v1/vote',
    kind: 'vote',
    name: 'Vote',
    plural: 'votes',
    filters: ['target', 'agent_id'],
    write: {
      operationId: 'vote',
      summary: 'Vote on a claim',
      description: 'The last vote of a voter counts; a weight of 0 withdraws.',
    },
  },
  {
    path: '/v1/epoch',
    kind: 'epoch',
    name: 'Epoch',
    plural: 'epochs',
    filters: [],
    write: {
      operationId: 'addEpoch',
      summary: 'Begin an epoch',
      description: 'Claims of the epochs that it supersedes are left out of answers.',
    },
  },
  {
    path: '/v1/supersede',
    kind: 'supersession',
    name: 'Supersession',
    plural: 'supersessions',
    filters: ['target', 'agent_id'],
    write: {
      operationId: 'supersede',
      summary: 'Retract, replace or restore a record',
      description: 'Nothing is deleted: it acts on reading, as of its own time.',
    },
  },
  {
    path: '/v1/alias',
    kind: 'alias',
    name: 'Alias',
    plural: 'aliases',
    filters: ['concept_path', 'agent_id'],
    write: {
      operationId: 'addAlias',
      summary: 'Say that two concepts are one',
      description: 'One that its author may not put into effect is kept as proposed.',
    },
  },
  {
    path: '/v1/verdict',
    kind: 'verdict',
    name: 'Verdict',
    plural: 'verdicts',
    filters: ['target', 'agent_id'],
    write: {
      operationId: 'judge',
      summary: 'Say whether a claim proved accurate',
      description: 'Verdicts of the agents that the policy names make the trust in others.',
    },
  },
  {
    path: '/v1/sources',
    kind: 'source',
    name: 'Source',
    plural: 'sources',
    filters: ['agent_id'],
    write: { operationId: 'addSource', summary: 'Register a source', isLarge: true },
  },
  { path: '/v1/policy', kind: 'policy', name: 'Policy', plural: 'policies', filters: [] },
];

const capitalised = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

export async function recordKindRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  for (const { path, kind, name, plural, filters, write } of kinds) {
    if (write !== undefined) await writeRecordRoute(app, deps, { path, kind, ...write });
    const operationId = `list${capitalised(plural)}`;
    const summary = `List ${plural}, each with whether it has an effect`;
    await listRecordsRoute(app, deps, { path, kind, operationId, summary, filters });
    await readListedRoute(app, deps, { path, kind, operationId: `read${name}` });
  }
}
