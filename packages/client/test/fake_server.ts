/** A real HTTP server that answers from a script, so that sockets break as real ones do. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, seen: Seen) => void | Promise<void>;

export interface FakeServer {
  readonly url: string;
  readonly seen: readonly Seen[];
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
};

/** Answers the n-th request with the n-th answer; the last one serves all that follow. */
export const startServer = async (
  context: TestContext,
  answers: readonly Answer[],
): Promise<FakeServer> => {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void readBody(request)
      .then(async (body) => {
        const { method = '', url = '', headers } = request;
        const one = { method, url, headers, body };
        const answer = answers[Math.min(seen.length, answers.length - 1)];
        seen.push(one);
        await answer?.(response, one);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen };
};

export const json =
  (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };

/** The socket goes away without an answer. */
export const hangUp: Answer = (response) => {
  response.destroy();
};

/** Lines of an NDJSON answer; `cut` breaks the connection after them. */
export const ndjson =
  (lines: readonly unknown[], cut = false): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await new Promise<void>((resolve) => response.write(text, () => resolve()));
    if (cut) response.destroy();
    else response.end();
  };

/** A clock that remembers how long it was asked to wait, and does not wait. */
export const fakeClock = (): {
  readonly waits: number[];
  wallMs(): number;
  sleep(delayMs: number): Promise<void>;
  random(): number;
} => {
  const waits: number[] = [];
  return {
    waits,
    wallMs: () => 1_700_000_000_000,
    sleep: (delayMs) => {
      waits.push(delayMs);
      return Promise.resolve();
    },
    random: () => 0.5,
  };
};
