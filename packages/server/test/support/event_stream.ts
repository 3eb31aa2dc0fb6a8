/** A reader of server-sent events that takes the bytes when the test wants it to. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

export interface ServerEvent {
  readonly type: string;
  /** The last id that was set when it came. */
  readonly id: string;
  readonly data: string;
}

/** After this an event that does not come is taken to be lost. */
const patienceMs = 60_000;

export class EventStream {
  readonly status: number;
  readonly events: ServerEvent[] = [];
  /** Where events go, unless they are kept. */
  onEvent: ((event: ServerEvent) => void) | undefined;
  /** The last id, also of what is no event. */
  lastId = '';
  /** Bytes that it takes in a millisecond; undefined: what comes. */
  pace: number | undefined;
  /** Comments of the server, which say that it is there. */
  beats = 0;
  readonly ended: Promise<void>;
  readonly #answer: IncomingMessage;
  #text = '';

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    this.status = answer.statusCode ?? 0;
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      this.#take(chunk);
      if (this.pace === undefined) return;
      this.pause();
      setTimeout(() => this.resume(), chunk.length / this.pace);
    });
    answer.on('error', () => undefined);
    // Not `once` of the platform, which rejects when the connection is cut.
    this.ended = new Promise((resolve) => answer.once('close', () => resolve()));
  }

  static async open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const asked = request(url, { headers: { accept: 'text/event-stream', ...headers } });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    // A connection that is cut ends the answer, and the request with an error.
    asked.on('error', () => undefined);
    return new EventStream(answer);
  }

  /** Stops taking bytes. */
  pause(): void {
    this.#answer.pause();
  }

  resume(): void {
    this.#answer.resume();
  }

  close(): void {
    this.#answer.destroy();
  }

  /** The parsed data of the events of this type so far. */
  data<T>(type = 'message'): readonly T[] {
    return this.events.filter((event) => event.type === type).map(({ data }) => JSON.parse(data));
  }

  /** Resolves when it is so; rejects when that does not come. */
  async until(isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!isSo()) {
      if (performance.now() > deadline)
        throw new Error(`It did not come: ${this.#text.slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #take(chunk: string): void {
    const blocks = (this.#text + chunk).split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) this.#dispatch(block);
  }

  /** As the standard has it: an id counts also where there is no data. */
  #dispatch(block: string): void {
    let type = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (name === '') this.beats += 1;
      if (name === 'id') this.lastId = value;
      if (name === 'event') type = value;
      if (name === 'data') data.push(value);
    }
    if (data.length === 0) return;
    const event = { type, id: this.lastId, data: data.join('\n') };
    if (this.onEvent === undefined) this.events.push(event);
    else this.onEvent(event);
  }
}
