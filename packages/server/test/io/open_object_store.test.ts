/** Which store the text of a place means, and what is said of a text that means none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openObjectStore } from '../../src/io/open_object_store.js';

describe('the text of a place', () => {
  const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  const faultOf = (place: string, given: Readonly<Record<string, string>> = env): string => {
    const opened = openObjectStore(place, given);
    if (opened.ok) return '';
    assert.equal(opened.error.code, 'invalid_configuration');
    return opened.error.detail;
  };

  it('is a path, a file URL or a bucket', () => {
    for (const place of [
      'backups',
      './a b',
      '/a',
      'file:///a',
      's3://bucket',
      's3://bucket/a/b/',
    ]) {
      assert.equal(faultOf(place), '', place);
    }
    const store = openObjectStore('file:///a/b', {});
    assert.equal(store.ok && store.value.place, '/a/b');
  });

  it('is refused with a sentence that says what is wrong', () => {
    assert.match(faultOf(''), /empty/);
    assert.match(faultOf('https://example.org/a'), /path, file:.* or s3:/);
    assert.match(faultOf('file://host/a'), /no file of this machine/);
    assert.match(faultOf('s3://'), /bucket/);
    assert.match(faultOf('s3://b/a'), /bucket/);
    assert.match(faultOf('s3://bucket/a/../b'), /"\.\."/);
    assert.match(faultOf('s3://bucket/a b'), /"a b"/);
    assert.match(faultOf('s3://bucket', {}), /AWS_ACCESS_KEY_ID/);
    assert.match(faultOf('s3://bucket', { AWS_ACCESS_KEY_ID: 'a' }), /AWS_SECRET_ACCESS_KEY/);
    assert.match(
      faultOf('s3://bucket', { ...env, AWS_ENDPOINT_URL: 'gateway' }),
      /AWS_ENDPOINT_URL /,
    );
    const secret = { ...env, AWS_ENDPOINT_URL: 'https://me:pass@gateway.org' };
    assert.doesNotMatch(faultOf('s3://bucket', secret), /pass/);
    assert.match(
      faultOf('s3://bucket', { ...env, AWS_ENDPOINT_URL_S3: 'http://a/b' }),
      /AWS_ENDPOINT_URL_S3/,
    );
  });

  it('never shows the credentials', () => {
    const store = openObjectStore('s3://bucket/a', { ...env, AWS_SECRET_ACCESS_KEY: 'hush' });
    assert.ok(store.ok);
    assert.ok(!JSON.stringify(store.value).includes('hush'));
    assert.equal(store.value.place, 's3://bucket/a');
  });
});
