/** A TCP connection that says exactly what a test wants, also what no HTTP client would. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** After this a server that should have closed a connection is taken to have forgotten it. */
const patienceMs = 30_000;

export class RawConnection {
  readonly socket: Socket;
  #text = '';
  /** Resolves with everything that came once the other side has closed; rejects otherwise. */
  readonly closed: Promise<string>;

  private constructor(socket: Socket, waitMs: number) {
    this.socket = socket;
    // Being cut off is what most tests wait for.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1');
    });
    this.closed = new Promise((resolve, reject) => {
      const forgotten = setTimeout(() => {
        reject(new Error(`The server keeps the connection open; it sent: ${this.#text}`));
        socket.destroy();
      }, waitMs);
      socket.once('close', () => {
        clearTimeout(forgotten);
        resolve(this.#text);
      });
    });
    // A test that waits for something else does not look at it.
    this.closed.catch(() => undefined);
  }

  static async open(port: number, waitMs = patienceMs): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1' });
    const connection = new RawConnection(socket, waitMs);
    await once(socket, 'connect');
    return connection;
  }

  write(bytes: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** What came so far. */
  get text(): string {
    return this.#text;
  }

  /** Resolves when so much has come that it matches, or the other side has closed. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text) && !this.socket.destroyed) {
      const more = new Promise((resolve) => this.socket.once('data', resolve));
      await Promise.race([more, this.closed]);
    }
    return this.#text;
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Sends bytes on a connection of their own; what comes back until the server closes. */
export const exchange = async (port: number, bytes: string | Uint8Array): Promise<string> => {
  const connection = await RawConnection.open(port);
  connection.write(bytes);
  return connection.closed;
};

/** Status and code of the first answer in a raw text. */
export const outcomeOf = (text: string): string => {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 'none';
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  return code === undefined ? status : `${status} ${code}`;
};
