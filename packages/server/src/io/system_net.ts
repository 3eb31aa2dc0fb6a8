/** TCP, over node:net. */
import { once } from 'node:events';
import * as net from 'node:net';
import type { Net, NetStream } from './net.js';

function streamOf(socket: net.Socket): NetStream {
  // Whoever reads or sends is told; without a listener an error would end the process.
  socket.on('error', () => undefined);
  socket.setNoDelay(true);
  return {
    // The usual iterator would destroy the socket when the other side ends, before we answer.
    incoming: socket.iterator({ destroyOnReturn: false }),
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => new Promise((resolve) => void socket.end(resolve)),
    destroy: () => void socket.destroy(),
  };
}

export const systemNet: Net = {
  async listen(host, port, accept) {
    const options = { allowHalfOpen: true };
    const server = net.createServer(options, (socket) => accept(streamOf(socket)));
    server.listen(port, host);
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP port');
    return {
      port: address.port,
      close: () => new Promise((resolve) => void server.close(() => resolve())),
    };
  },
  async connect(host, port) {
    const socket = net.connect({ host, port, allowHalfOpen: true });
    await once(socket, 'connect');
    return streamOf(socket);
  },
};
