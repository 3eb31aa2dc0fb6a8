/** Where the records of each kind are written and read. */
import type { InputOf } from './input.js';

/** Kinds that have a list, and records that are read by their kind. */
export type ListedKind = Exclude<keyof InputOf, 'assertion'> | 'policy';

/** `POST` states one; of the listed kinds `GET` lists them, and with an id reads one. */
export const pathOf: { readonly [Kind in keyof InputOf | ListedKind]: string } = {
  assertion: '/v1/assert',
  source: '/v1/sources',
  vote: '/v1/vote',
  epoch: '/v1/epoch',
  supersession: '/v1/supersede',
  alias: '/v1/alias',
  verdict: '/v1/verdict',
  policy: '/v1/policy',
};
