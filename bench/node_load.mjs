// The load where wrk is not installed: keep-alive HTTP/1.1 over bare sockets, one request in
// flight on each connection. Arguments and output are those of wrk.lua.

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitRequests } from './requests.mjs';
import { percentile } from './statistics.mjs';

const headerEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('0\r\n\r\n');

/** The length of the answer at the start of the bytes; undefined while it is incomplete. */
function answerLength(bytes) {
  const end = bytes.indexOf(headerEnd);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end + 2);
  const body = end + headerEnd.length;
  const length = /\r\ncontent-length: *(\d+)\r/i.exec(head)?.[1];
  if (length !== undefined) {
    const whole = body + Number(length);
    return bytes.length < whole ? undefined : whole;
  }
  // Chunked: one request is in flight, so the answer ends where the bytes do.
  return bytes.subarray(-lastChunk.length).equals(lastChunk) ? bytes.length : undefined;
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
    this.#settle = undefined;
    this.#socket.destroy();
  }
}

/** `HTTP/1.1 2xx` */
function isSuccess(answer) {
  return answer[9] === 0x32;
}

const [port, connections, seconds, file, order, pause] = process.argv.slice(2);
const requests = splitRequests(readFileSync(file));
const found = { times: [], failed: 0, broken: 0, exhausted: false };
let at = 0;

function nextRequest() {
  if (at === requests.length) {
    if (order !== 'again') found.exhausted = true;
    at = 0;
  }
  at += 1;
  return requests[at - 1];
}

/** One client until the deadline, or until its connection breaks. */
async function ask(connection, deadline) {
  while (performance.now() < deadline && !found.exhausted) {
    if (Number(pause) > 0) await sleep(2 * Math.random() * Number(pause));
    const sent = performance.now();
    const answer = await connection.send(nextRequest());
    if (isSuccess(answer)) found.times.push(performance.now() - sent);
    else found.failed += 1;
  }
}

const open = Array.from({ length: Number(connections) }, () => Connection.open(Number(port)));
const pool = await Promise.all(open);
const begin = performance.now();
const broken = () => {
  found.broken += 1;
};
const clients = pool.map((one) => ask(one, begin + Number(seconds) * 1000).catch(broken));
await Promise.all(clients);
const elapsed = (performance.now() - begin) / 1000;
for (const connection of pool) connection.close();
const times = found.times.sort((a, b) => a - b);
const { failed, exhausted } = found;
const figures = {
  requests: times.length,
  seconds: elapsed,
  failed,
  broken: found.broken,
  exhausted,
};
const shares = { p50: percentile(times, 0.5), p99: percentile(times, 0.99), max: times.at(-1) };
process.stdout.write(`\n${JSON.stringify({ ...figures, ...shares })}\n`);
