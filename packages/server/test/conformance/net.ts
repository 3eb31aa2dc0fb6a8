/** What every `Net` must do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diskErrorCode } from '../../src/io/disk.js';
import type { Net, NetStream } from '../../src/io/net.js';

const host = '127.0.0.1';

async function readAll(stream: NetStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A connected pair; the listener takes no more. */
async function pair(net: Net): Promise<readonly [NetStream, NetStream]> {
  let accept: (stream: NetStream) => void = () => undefined;
  const accepted = new Promise<NetStream>((resolve) => {
    accept = resolve;
  });
  const listener = await net.listen(host, 0, (stream) => accept(stream));
  const near = await net.connect(host, listener.port);
  const far = await accepted;
  void listener.close();
  return [near, far];
}

export function netConformance(name: string, make: () => Net): void {
  describe(`net conformance: ${name}`, () => {
    it('carries bytes both ways, in order, past one end', async () => {
      const [near, far] = await pair(make());
      const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
      const received = readAll(far);
      for (let at = 0; at < sent.length; at += 7919) await near.send(sent.subarray(at, at + 7919));
      await near.end();
      assert.ok((await received).equals(sent));
      const answer = readAll(near);
      await far.send(Buffer.from('thanks'));
      await far.end();
      assert.equal((await answer).toString(), 'thanks');
    });

    it('tells the reader when the other side breaks off', async () => {
      const [near, far] = await pair(make());
      const received = readAll(far).then(
        (bytes) => bytes.length,
        () => 0,
      );
      near.destroy();
      assert.equal(await received, 0);
      far.destroy();
    });

    it('refuses a port where nobody listens, and one that is taken', async () => {
      const net = make();
      const listener = await net.listen(host, 0, (stream) => stream.destroy());
      const { port } = listener;
      const isTaken = (error: unknown) => diskErrorCode(error) === 'EADDRINUSE';
      await assert.rejects(
        net.listen(host, port, () => undefined),
        isTaken,
      );
      await listener.close();
      const isRefused = (error: unknown) => diskErrorCode(error) === 'ECONNREFUSED';
      await assert.rejects(net.connect(host, port), isRefused);
    });
  });
}
