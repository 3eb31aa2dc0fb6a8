import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearestName, normalizeUri } from '@stemedb/model';
import fc from 'fast-check';

describe('the normal form of URIs (RFC 3986 section 6.2.2)', () => {
  it('makes equivalent URIs equal', () => {
    const pairs = [
      ['eXAMPLE://a/./b/../b/%63/%7bfoo%7d', 'example://a/b/c/%7Bfoo%7D'],
      ['HTTP://www.EXAMPLE.com/', 'http://www.example.com/'],
      ['https://User@EXAMPLE.org:443/%7esmith#part', 'https://User@example.org:443/~smith'],
      ['https://e%58ample.org/a', 'https://example.org/a'],
      ['https://example.org/../..//x/..', 'https://example.org//'],
      ['https://example.org', 'https://example.org'],
      ['https://example.org/?q=%2f%41#x', 'https://example.org/?q=%2FA'],
      ['DOI:10.1000/ABC', 'doi:10.1000/ABC'],
      ['urn:isbn:0451450523', 'urn:isbn:0451450523'],
      ['x:/a/..//b', 'x:/.//b'],
      ['https://example.org/a%2', 'https://example.org/a%2'],
      // Decoded, these would make the percent sign before them encode something else.
      ['s:%7%61', 's:%7%61'],
      ['s:%%61b', 's:%%61b'],
      ['s:%a%c3%7a', 's:%a%C3z'],
    ] as const;
    for (const [from, to] of pairs) assert.equal(normalizeUri(from), to);
  });

  it('is reached in one step, and never throws', () => {
    const part = fc.constantFrom(
      'a',
      'B',
      '/',
      '.',
      '..',
      '%',
      '41',
      '%41',
      '%2F',
      '%2e',
      ':',
      '@',
      '?',
      '#',
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 14 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
    );
    fc.assert(
      fc.property(text, (uri) => {
        const once = normalizeUri(uri);
        assert.equal(normalizeUri(once), once);
        assert.ok(!once.includes('#'));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the nearest name', () => {
  const known = ['concept_path', 'predicate', 'value', 'source', 'source_uri'];

  it('forgives slips and other spellings', () => {
    assert.equal(nearestName('conceptPath', known), 'concept_path');
    assert.equal(nearestName('predicat', known), 'predicate');
    assert.equal(nearestName('vlaue', known), 'value');
    assert.equal(nearestName('sources', known), 'source');
    assert.equal(nearestName('colour', known), undefined);
    assert.equal(nearestName('x'.repeat(100_000), known), undefined);
  });

  it('finds an exact name first', () => {
    fc.assert(
      fc.property(fc.constantFrom(...known), (name) =>
        assert.equal(nearestName(name, known), name),
      ),
    );
  });
});
