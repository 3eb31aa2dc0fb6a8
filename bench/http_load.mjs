// Keep-alive HTTP/1.1 over bare sockets: one request in flight on each connection.
// As little work as possible, since the load shares the machine with what it measures.

import { connect } from 'node:net';

const headerEnd = Buffer.from('\r\n\r\n');

/** A complete request as bytes. */
export function requestBytes(method, path, body) {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1'];
  if (body === undefined) return Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
  head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** The length of the answer at the start of the bytes; undefined while it is incomplete. */
function answerLength(bytes) {
  const end = bytes.indexOf(headerEnd);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without content-length: ${head}`);
  const whole = end + headerEnd.length + Number(length);
  return bytes.length < whole ? undefined : whole;
}

class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #settle;

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', (error) => this.#settle?.reject(error));
    socket.on('close', () => this.#settle?.reject(new Error('the server closed the connection')));
  }

  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket)));
    });
  }

  #take(bytes) {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const length = answerLength(this.#received);
    if (length === undefined) return;
    const answer = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve(answer);
  }

  send(request) {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close() {
    this.#socket.destroy();
  }
}

function isSuccess(answer) {
  // `HTTP/1.1 2xx`
  return answer[9] === 0x32;
}

/**
 * Keeps every connection busy for some seconds with requests from `next`, which may end the run
 * early by answering undefined. Returns the rate and the sorted latencies in milliseconds.
 */
export async function loadFor({ port, connections, seconds, next }) {
  const open = Array.from({ length: connections }, () => Connection.open(port));
  const pool = await Promise.all(open);
  const times = [];
  let failed = 0;
  let example;
  const begin = performance.now();
  const deadline = begin + seconds * 1000;
  const work = async (connection) => {
    let sent = performance.now();
    while (sent < deadline) {
      const request = next();
      if (request === undefined) return;
      const answer = await connection.send(request);
      const now = performance.now();
      if (isSuccess(answer)) times.push(now - sent);
      else {
        failed += 1;
        example ??= answer.toString('utf8').slice(0, 600);
      }
      sent = now;
    }
  };
  await Promise.all(pool.map(work));
  const elapsed = (performance.now() - begin) / 1000;
  for (const connection of pool) connection.close();
  times.sort((a, b) => a - b);
  return { rate: times.length / elapsed, times, failed, example };
}
