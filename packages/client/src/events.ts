/** Server-sent events as a stream of this API sends them (WHATWG HTML, 9.2), as they arrive. */
import { textOfBody } from './body.js';
import { StemeClientError } from './error.js';
import type { ClientClock } from './io/system.js';
import type { Transport } from './transport.js';

export interface ServerEvent {
  /** The last id so far; also told on its own, where it moves without an event. */
  readonly id: string | undefined;
  /** `message` unless named. */
  readonly type: string;
  /** Undefined: only the id has moved. */
  readonly data: string | undefined;
}

/** A server says something every 15 seconds; one that is silent for longer is gone. */
const silenceMaxMs = 45_000;
/** The largest record has 8 MiB; a server that sends more is not ours. */
const eventCharactersMax = 16 * 1024 * 1024;

/** The events of one connection, until it ends; rejects when it breaks or falls silent. */
export async function* eventsOf(
  transport: Transport,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ServerEvent, void> {
  const silence = new Silence(transport.clock);
  try {
    const signals = signal === undefined ? [silence.signal] : [silence.signal, signal];
    const response = await transport.send('GET', path, {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any(signals),
    });
    let id: string | undefined;
    for await (const block of blocksOf(response.body, () => silence.heard())) {
      const event = readBlock(block, id);
      id = event.id;
      yield event;
    }
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    throw cause instanceof StemeClientError ? cause : broken(cause);
  } finally {
    silence.end();
  }
}

const broken = (cause: unknown): StemeClientError => {
  const why = cause instanceof Error ? cause.message : String(cause);
  const detail = `The stream broke (${why}).`;
  return new StemeClientError({ code: 'connection_failed', detail, cause });
};

/** Ends a connection on which nothing comes: a peer that vanished says nothing. */
class Silence {
  readonly #clock: ClientClock;
  readonly #connection = new AbortController();
  readonly #done = new AbortController();
  #hasHeard = false;

  constructor(clock: ClientClock) {
    this.#clock = clock;
    // It rejects when it is ended while it sleeps.
    this.#watch().catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  heard(): void {
    this.#hasHeard = true;
  }

  end(): void {
    this.#done.abort();
    this.#connection.abort();
  }

  async #watch(): Promise<void> {
    do {
      this.#hasHeard = false;
      await this.#clock.sleep(silenceMaxMs, this.#done.signal);
    } while (this.#hasHeard);
    this.#connection.abort(new Error(`nothing came for ${silenceMaxMs} ms`));
  }
}

/** What stands between empty lines; a part without its empty line is no event. */
async function* blocksOf(
  body: ReadableStream<Uint8Array> | null,
  heard: () => void,
): AsyncGenerator<string, void> {
  let rest = '';
  for await (const text of textOfBody(body)) {
    heard();
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks;
    if (rest.length > eventCharactersMax) throw new RangeError('An event is too long.');
  }
}

const readBlock = (block: string, lastId: string | undefined): ServerEvent => {
  let id = lastId;
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') id = value;
    else if (name === 'event') type = value;
    else if (name === 'data') data.push(value);
  }
  return { id, type, data: data.length === 0 ? undefined : data.join('\n') };
};
