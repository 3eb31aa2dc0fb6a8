/** Requests over connections that stay open, to a server that may vanish under them. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';

export interface Said {
  readonly status: number;
  readonly text: string;
}

const jsonType = 'application/json';
const linesType = 'application/x-ndjson';

export class Wire {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, connections: number) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get(path: string): Promise<Said | undefined> {
    return this.#send('GET', path);
  }

  post(path: string, body: unknown): Promise<Said | undefined> {
    return this.#send('POST', path, { type: jsonType, text: JSON.stringify(body) });
  }

  /** `onLine` is told each whole line of the answer, also of one that is cut off. */
  postLines(
    path: string,
    lines: readonly string[],
    onLine: (line: string) => void,
  ): Promise<Said | undefined> {
    return this.#send('POST', path, { type: linesType, text: `${lines.join('\n')}\n` }, onLine);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Undefined when the connection broke before the answer was whole. */
  #send(
    method: string,
    path: string,
    body?: { readonly type: string; readonly text: string },
    onLine?: (line: string) => void,
  ): Promise<Said | undefined> {
    return new Promise((resolve) => {
      const headers =
        body === undefined
          ? {}
          : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) };
      const sent: ClientRequest = request(
        this.#url + path,
        { method, agent: this.#agent, headers },
        (answer) => receive(answer, onLine, resolve),
      );
      sent.on('error', () => resolve(undefined));
      sent.end(body?.text);
    });
  }
}

const receive = (
  answer: IncomingMessage,
  onLine: ((line: string) => void) | undefined,
  resolve: (said: Said | undefined) => void,
): void => {
  let text = '';
  let read = 0;
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => {
    text += chunk;
    if (onLine === undefined) return;
    for (let end = text.indexOf('\n', read); end >= 0; end = text.indexOf('\n', read)) {
      onLine(text.slice(read, end));
      read = end + 1;
    }
  });
  answer.on('error', () => resolve(undefined));
  answer.on('end', () => {
    resolve(answer.complete ? { status: answer.statusCode ?? 0, text } : undefined);
  });
};
