/** A proxy in front of an HTTP service that lets requests through, or spoils them as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** What becomes of a request. */
export type Treatment =
  | { readonly kind: 'pass' }
  /** Answered with this status, without asking the service. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** Never answered. */
  | { readonly kind: 'silent' }
  /** The connection breaks after so many bytes of the request's body. */
  | { readonly kind: 'cut_upload'; readonly bytes: number }
  /** The service does its work, but the connection breaks before its answer is through. */
  | { readonly kind: 'cut_answer'; readonly bytes: number };

export class FaultyProxy {
  readonly #server = createServer((from, to) => this.#treat(from, to));
  readonly #service: URL;
  /** Decides for each request; the count begins with 1. */
  treatment: (from: IncomingMessage, count: number) => Treatment = () => ({ kind: 'pass' });
  count = 0;
  url = '';

  private constructor(service: string) {
    this.#service = new URL(service);
  }

  static async start(service: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(service);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    const address = proxy.#server.address();
    if (address === null || typeof address === 'string') throw new Error('No port was given.');
    proxy.url = `http://127.0.0.1:${address.port}`;
    return proxy;
  }

  /** Spoils the first requests from now on like this; what follows passes. */
  spoil(first: number, treatment: Treatment): void {
    this.count = 0;
    this.treatment = (_, count) => (count <= first ? treatment : { kind: 'pass' });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #treat(from: IncomingMessage, to: ServerResponse): void {
    this.count += 1;
    const treatment = this.treatment(from, this.count);
    if (treatment.kind === 'silent') return;
    if (treatment.kind === 'status') {
      from.resume();
      to.writeHead(treatment.status, treatment.headers).end();
      return;
    }
    this.#forward(from, to, treatment);
  }

  /** The signature covers the Host header, so all headers go on as they came. */
  #forward(from: IncomingMessage, to: ServerResponse, treatment: Treatment): void {
    const { hostname, port } = this.#service;
    const { method, url: path, headers } = from;
    const onward = request({ hostname, port, method, path, headers, setHost: false });
    const breakOff = (): void => {
      onward.destroy();
      from.socket.destroy();
    };
    onward.on('error', breakOff);
    let uploaded = 0;
    from.on('data', (piece: Buffer) => {
      uploaded += piece.length;
      if (treatment.kind === 'cut_upload' && uploaded > treatment.bytes) breakOff();
    });
    from.pipe(onward);
    onward.on('response', (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      if (treatment.kind !== 'cut_answer') {
        answer.pipe(to);
        return;
      }
      let sent = 0;
      const cut = (): void => void from.socket.destroy();
      answer.on('data', (piece: Buffer) => {
        to.write(piece.subarray(0, Math.max(0, treatment.bytes - sent)));
        sent += piece.length;
        if (sent > treatment.bytes) setTimeout(cut, 5);
      });
      answer.on('end', () => setTimeout(cut, 5));
    });
  }
}
