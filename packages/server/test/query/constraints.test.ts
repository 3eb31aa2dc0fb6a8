/** Which pairs are asked for constraints, and what each result asks of whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ConstrainedResult,
  constraintOf,
  constraintsOf,
  isCollected,
  pathsAsked,
  withAncestors,
} from '../../src/query/constraints.js';

const result = (
  concept_path: string,
  predicate: string,
  value: string | boolean = true,
): ConstrainedResult => ({ concept_path, predicate, value: { parsed: value } });

test('ancestors are whole segments, and a scheme belongs to the first one', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['web', ['web']],
    ['web/auth/login', ['web/auth/login', 'web/auth', 'web']],
    ['code://web', ['code://web']],
    ['code://web/auth', ['code://web/auth', 'code://web']],
    ['a:b/c', ['a:b/c', 'a:b']],
    ['é/ü', ['é/ü', 'é']],
    ['./..', ['./..', '.']],
  ];
  for (const [path, expected] of cases) {
    assert.deepEqual(withAncestors(path), expected);
    assert.deepEqual(pathsAsked(path), expected.toReversed());
  }
  assert.equal(withAncestors(Array.from({ length: 32 }, () => 'x').join('/')).length, 32);
});

test('a predicate takes part by its beginning', () => {
  const collection = { predicatePrefixes: ['must_use:', 'prefer:'], ancestors: true } as const;
  assert.ok(isCollected(collection, 'must_use:tls'));
  assert.ok(isCollected(collection, 'prefer:'));
  for (const predicate of ['must_use', 'forbidden:md5', 'x must_use:tls', 'Must_use:tls']) {
    assert.ok(!isCollected(collection, predicate), predicate);
  }
  assert.deepEqual(constraintOf('must_use:a:b'), { type: 'must_use', subject: 'a:b' });
  assert.equal(constraintOf('owner'), undefined);
});

test('distance counts the segments up to where it is stated', () => {
  const given = [result('web', 'must_use:tls'), result('web/auth/login', 'prefer:argon2')];
  assert.deepEqual(constraintsOf('web/auth/login', given), [
    { type: 'must_use', subject: 'tls', distance: 2 },
    { type: 'prefer', subject: 'argon2', distance: 0 },
  ]);
  assert.throws(() => constraintsOf('web/auth', [result('web/other', 'prefer:x')]), RangeError);
});

test('a demand and a ban of one subject contradict each other, at any distance', () => {
  const given = [
    result('web', 'forbidden:md5'),
    result('web', 'must_use:tls'),
    result('web/auth', 'forbidden:md5'),
    result('web/auth', 'must_use:md5'),
    result('web/auth', 'prefer:md5'),
  ];
  const both = ['web', 'web/auth'];
  assert.deepEqual(
    constraintsOf('web/auth', given).map((constraint) => constraint?.contradicted_by),
    [['web/auth'], undefined, ['web/auth'], both, both],
  );
});

test('must_use and prefer agree, and subjects are compared as they are', () => {
  const given = [
    result('web', 'must_use:tls'),
    result('web', 'prefer:tls'),
    result('web', 'forbidden:TLS'),
  ];
  for (const constraint of constraintsOf('web', given)) {
    assert.equal(constraint?.contradicted_by, undefined);
  }
});

test('a constraint that was decided to be false contradicts nothing', () => {
  const given = [result('web', 'forbidden:md5'), result('web/auth', 'must_use:md5', false)];
  for (const constraint of constraintsOf('web/auth', given)) {
    assert.equal(constraint?.contradicted_by, undefined);
  }
});
