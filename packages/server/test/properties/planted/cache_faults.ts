/** Faults of keeping answers, which the comparison of kept with computed ones must find. */
import type { PlantedFault } from './faults.js';

export const cacheFaults: readonly PlantedFault[] = [
  {
    name: 'what acts at a distance touches only what it names',
    file: 'query/generations.js',
    from: 'if (touchesAll[content.kind])',
    to: 'if (false)',
    seeds: 4,
  },
  {
    name: 'a batch is noted after it is visible',
    file: 'bin/assemble.js',
    from: 'generations.note(records);',
    to: 'effects.clock.after(1, () => generations.note(records));',
    seeds: 3,
  },
  {
    name: 'the key lacks a member of the question',
    file: 'query/answer_cache.js',
    from: 'asOf: _asOf, ...rest',
    to: 'asOf: _asOf, explain: _explain, ...rest',
    seeds: 3,
  },
  {
    name: 'the key lacks the place that a page goes on from',
    file: 'query/answer_cache.js',
    from: "after === undefined ? '' : JSON.stringify([after.conceptPath, after.predicate])",
    to: "''",
    seeds: 3,
  },
  {
    name: 'what was looked for and not found is forgotten',
    file: 'query/read_set.js',
    from: 'if (place === undefined || place.stamp > this.#asOf)',
    to: 'if (false)',
    seeds: 8,
  },
  {
    name: 'a new signature is not watched',
    file: 'query/read_set.js',
    from: 'attestations(target) {\n        this.#reads.add(counterOfId(target));',
    to: 'attestations(target) {',
    seeds: 24,
  },
  {
    name: 'a new vote is not watched',
    file: 'query/read_set.js',
    from: 'dependants(target, relation) {\n        this.#reads.add(counterOfId(target));',
    to: 'dependants(target, relation) {',
    seeds: 36,
  },
  {
    name: 'an answer that time moves is kept as one that it does not',
    file: 'query/answer_cache.js',
    from: 'return ageMs < movingAnswerMsMax && wallStepMs < movingAnswerMsMax;',
    to: 'return true;',
    seeds: 6,
  },
  {
    name: 'kept rows are served whatever the moment is',
    file: 'query/cached_candidates.js',
    from: 'rows.every((row) => row.stamp <= asOf) ? rows : rows.filter((row) => row.stamp <= asOf)',
    to: 'rows',
    seeds: 3,
  },
  {
    name: 'an answer from a kept claim does not rest on who signs it',
    file: 'query/cached_claims.js',
    from: 'snapshot.attestations(claim.id);',
    to: '',
    seeds: 48,
  },
  {
    name: 'a kept claim is stated at moments before its signatures',
    file: 'query/cached_claims.js',
    from: 'newestStamp <= moment.stamp',
    to: 'true',
    seeds: 24,
  },
  {
    name: 'a claim is kept with the signatures of an earlier moment',
    file: 'query/cached_claims.js',
    from: 'if (isWhole)',
    to: 'if (true)',
    seeds: 24,
  },
];
