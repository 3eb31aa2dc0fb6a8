/**
 * An S3 service as an object store: the common rules against a real one, and what the client makes
 * of a service that is slow, breaks off, is busy, or turns it away.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type ObjectStore, ObjectStoreError } from '../../src/io/object_store.js';
import { openObjectStore } from '../../src/io/open_object_store.js';
import { objectStoreConformance } from '../conformance/object_store.js';
import { lostNode } from '../e2e/lost_node.js';
import { Ceph, noCeph, storeAt } from '../support/ceph.js';
import { FaultyProxy, type Treatment } from '../support/faulty_proxy.js';
import { freePort } from '../support/server_process.js';

const skip = noCeph ?? false;
/** Starting it takes some fifteen seconds, so all that needs one shares this one. */
let ceph: Ceph;
let bucket = '';
let places = 0;

before(async () => {
  if (noCeph !== undefined) return;
  ceph = await Ceph.start();
  bucket = await ceph.bucket();
});

after(() => ceph?.stop());

const newPlace = (): string => {
  places += 1;
  return `s3://${bucket}/place-${places}`;
};

objectStoreConformance(
  'S3',
  async () => {
    const place = newPlace();
    return { open: () => storeAt(place, ceph.env), dispose: async () => undefined };
  },
  { skip: noCeph },
);

const firstOf = async (store: ObjectStore): Promise<string | undefined> => {
  for await (const { key } of store.list('')) return key;
  return undefined;
};

const megabyte = randomBytes(1024 * 1024);

const rejectsWith =
  (code: string, text: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof ObjectStoreError);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  };

describe('an S3 service that fails', { skip }, () => {
  let proxy: FaultyProxy;
  let store: ObjectStore;
  before(async () => {
    proxy = await FaultyProxy.start(ceph.endpoint);
    store = storeAt(newPlace(), { ...ceph.env, AWS_ENDPOINT_URL_S3: proxy.url });
  });
  after(() => proxy?.stop());

  const treatments: readonly (readonly [string, Treatment])[] = [
    ['is busy (503)', { kind: 'status', status: 503 }],
    ['fails inside (500)', { kind: 'status', status: 500 }],
    ['limits its callers (429)', { kind: 'status', status: 429 }],
    ['breaks in the middle of an upload', { kind: 'cut_upload', bytes: 300_000 }],
    ['breaks before its answer is through', { kind: 'cut_answer', bytes: 0 }],
  ];
  for (const [title, treatment] of treatments) {
    it(`is asked again when it ${title}`, async () => {
      const key = `again/${treatment.kind}`;
      proxy.spoil(1, treatment);
      assert.equal(await store.put(key, megabyte), 'stored');
      assert.equal(proxy.count, 2);
      proxy.spoil(treatment.kind === 'cut_upload' ? 0 : 1, treatment);
      assert.ok(megabyte.equals((await store.get(key)) ?? new Uint8Array()));
    });
  }

  it('is asked again when it says nothing', async () => {
    const env = { ...ceph.env, AWS_ENDPOINT_URL_S3: proxy.url };
    const impatient = storeAt(newPlace(), env, 3_000);
    // What is uploaded may take its time, so silence after it is told only from a small one.
    const bytes = megabyte.subarray(0, 1000);
    proxy.spoil(1, { kind: 'silent' });
    assert.equal(await impatient.put('silent', bytes), 'stored');
    proxy.spoil(1, { kind: 'silent' });
    assert.ok(bytes.equals((await impatient.get('silent')) ?? new Uint8Array()));
    assert.ok(proxy.count >= 2);
  });

  it('is asked again when an object breaks off on its way', async () => {
    await store.put('broken', megabyte);
    proxy.spoil(2, { kind: 'cut_answer', bytes: 400_000 });
    assert.ok(megabyte.equals((await store.get('broken')) ?? new Uint8Array()));
    assert.equal(proxy.count, 3);
  });

  it('has nothing of an upload that broke off', async () => {
    proxy.spoil(99, { kind: 'cut_upload', bytes: 500_000 });
    await assert.rejects(store.put('part', megabyte), rejectsWith('unavailable', /cannot be rea/));
    assert.equal(proxy.count, 5);
    proxy.spoil(0, { kind: 'pass' });
    assert.equal(await store.get('part'), undefined);
    for await (const { key } of store.list('part')) assert.fail(`${key} is listed`);
  });

  it('says "exists" for what a lost answer left', async () => {
    proxy.spoil(1, { kind: 'cut_answer', bytes: 0 });
    assert.equal(await store.put('lost', megabyte, { ifAbsent: true }), 'exists');
    assert.ok(megabyte.equals((await store.get('lost')) ?? new Uint8Array()));
  });

  it('is given up after a bounded number of tries', async () => {
    proxy.spoil(99, { kind: 'status', status: 503 });
    await assert.rejects(store.put('a', megabyte), rejectsWith('unavailable', /503/));
    assert.equal(proxy.count, 5);
  });

  it('stops waiting when told to', async () => {
    const stop = new AbortController();
    const env = { ...ceph.env, AWS_ENDPOINT_URL_S3: proxy.url };
    const opened = openObjectStore(newPlace(), env, { stop: stop.signal });
    assert.ok(opened.ok);
    proxy.spoil(99, { kind: 'silent' });
    const put = opened.value.put('a', megabyte);
    setTimeout(() => stop.abort(), 50);
    await assert.rejects(put, rejectsWith('unavailable', /cannot be reached/));
    await assert.rejects(opened.value.get('a'), rejectsWith('unavailable', /cannot be reached/));
  });
});

describe('an S3 service that turns its caller away', { skip }, () => {
  const withEnv = (env: Readonly<Record<string, string>>): ObjectStore =>
    storeAt(newPlace(), { ...ceph.env, ...env });

  it('names a wrong secret', async () => {
    const store = withEnv({ AWS_SECRET_ACCESS_KEY: 'wrong' });
    const named = rejectsWith('denied', /AWS_SECRET_ACCESS_KEY does not belong/);
    await assert.rejects(store.get('a'), named);
    await assert.rejects(store.put('a', megabyte), named);
    await assert.rejects(firstOf(store), named);
  });

  it('names an unknown key', async () => {
    const store = withEnv({ AWS_ACCESS_KEY_ID: 'NOBODY' });
    await assert.rejects(store.get('a'), rejectsWith('denied', /does not know AWS_ACCESS_KEY_ID/));
  });

  it('names a missing bucket', async () => {
    const store = storeAt('s3://no-such-bucket/a', ceph.env);
    const named = rejectsWith('invalid', /no such bucket; make it first/);
    await assert.rejects(store.get('a'), named);
    await assert.rejects(store.put('a', megabyte), named);
    await assert.rejects(firstOf(store), named);
  });

  it('may not be there at all', async () => {
    const closed = `http://127.0.0.1:${await freePort()}`;
    const unreachable = withEnv({ AWS_ENDPOINT_URL_S3: closed });
    await assert.rejects(unreachable.get('a'), rejectsWith('unavailable', /ECONNREFUSED/));
    const unknown = withEnv({ AWS_ENDPOINT_URL_S3: 'http://nowhere.invalid' });
    await assert.rejects(unknown.get('a'), rejectsWith('unavailable', /nowhere\.invalid/));
  });
});

lostNode(
  skip,
  () => ceph,
  () => bucket,
);
