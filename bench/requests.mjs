// Requests prepared in a file, so that the load only sends them: making and signing claims is not
// the server's work. Each stands whole as it goes over the wire, behind a line with its length.

import { closeSync, openSync, writeSync } from 'node:fs';

const flushBytes = 1024 * 1024;

/** A complete request as bytes. */
export function requestBytes(method, path, body, type = 'application/json') {
  const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
  if (body === undefined) return Buffer.from(`${head}\r\n`);
  const length = Buffer.byteLength(body);
  return Buffer.from(`${head}Content-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${body}`);
}

/** A request with a JSON body. */
export function post(path, body) {
  return requestBytes('POST', path, JSON.stringify(body));
}

/** Writes the requests that `make` gives for 0, 1, ... to a file; returns its path. */
export function writeRequests(path, count, make) {
  const file = openSync(path, 'w');
  let waiting = [];
  let bytes = 0;
  const flush = () => {
    writeSync(file, Buffer.concat(waiting));
    waiting = [];
    bytes = 0;
  };
  for (let at = 0; at < count; at += 1) {
    const request = make(at);
    waiting.push(Buffer.from(`${request.length}\n`), request);
    bytes += request.length;
    if (bytes > flushBytes) flush();
  }
  flush();
  closeSync(file);
  return path;
}

/** Reads such a file whole. */
export function splitRequests(bytes) {
  const requests = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    const length = Number(bytes.toString('latin1', at, end));
    requests.push(bytes.subarray(end + 1, end + 1 + length));
    at = end + 1 + length;
  }
  return requests;
}
