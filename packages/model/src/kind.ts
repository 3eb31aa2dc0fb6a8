/** Numbers of the record kinds in frames and indexes; 0 is the log's own mark. Never renumber. */
import type { RecordKind } from './record.js';

export const kindNumber: Readonly<Record<RecordKind, number>> = {
  assertion: 1,
  attestation: 2,
  vote: 3,
  source: 4,
  epoch: 5,
  supersession: 6,
  alias: 7,
  verdict: 8,
  policy: 9,
};

/** All kinds, in the order of their numbers. */
export const recordKinds: readonly RecordKind[] = [
  'assertion',
  'attestation',
  'vote',
  'source',
  'epoch',
  'supersession',
  'alias',
  'verdict',
  'policy',
];

/** The kind with number `n`, if this version knows one. */
export function kindOfNumber(n: number): RecordKind | undefined {
  return recordKinds[n - 1];
}

/** `text` as a kind, if this version knows it. */
export function parseKind(text: string): RecordKind | undefined {
  return recordKinds.find((kind) => kind === text);
}
