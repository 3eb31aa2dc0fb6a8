/** What an S3 service may answer that the one of the other tests never does. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ObjectStore, ObjectStoreError } from '../../src/io/object_store.js';
import { openObjectStore } from '../../src/io/open_object_store.js';

const serviceOf = async (context: TestContext, answer: RequestListener): Promise<ObjectStore> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const opened = openObjectStore('s3://bucket/ours', {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'here',
    AWS_ACCESS_KEY_ID: 'somebody',
    AWS_SECRET_ACCESS_KEY: 'something',
  });
  return opened.ok ? opened.value : assert.fail(opened.error.detail);
};

test('what a console or another program has put there is not listed', async (context) => {
  const names = ['a/', 'a/b', 'a b', 'a//c', '../d', 'e', ''];
  const contents = names.map(
    (name) => `<Contents><Key>ours/${name}</Key><Size>7</Size></Contents>`,
  );
  const page = `<ListBucketResult>${contents.join('')}</ListBucketResult>`;
  const store = await serviceOf(context, (_, response) => response.end(page));
  const keys: string[] = [];
  for await (const { key, bytes } of store.list('')) {
    keys.push(key);
    assert.equal(bytes, 7);
  }
  assert.deepEqual(keys, ['a/b', 'e']);
});

test('what a service does not have is asked for once', async (context) => {
  let requests = 0;
  const store = await serviceOf(context, (_, response) => {
    requests += 1;
    response.writeHead(501).end('<Error><Code>NotImplemented</Code></Error>');
  });
  await assert.rejects(store.get('a'), (error: unknown) => {
    assert.ok(error instanceof ObjectStoreError && error.code === 'invalid', String(error));
    assert.match(error.message, /501[\s\S]*NotImplemented/);
    return true;
  });
  assert.equal(requests, 1);
});
