/** Threads of the machine, over node:worker_threads. */
import { parentPort, Worker } from 'node:worker_threads';
import type { StartThread } from './thread.js';

/** What a thread says once, before any answer. */
const readyWord = 'ready';

/** Starts the module as a thread; it has to call `answerOnThread`. */
export const systemThread =
  (module: URL): StartThread =>
  (events) => {
    const worker = new Worker(module);
    let isEnding = false;
    const failed = (cause: unknown): void => {
      if (isEnding) return;
      isEnding = true;
      events.failed(cause);
    };
    worker.on('message', (message: unknown) => {
      if (isEnding) return;
      if (message === readyWord) events.ready();
      else if (message instanceof Uint8Array) events.answered(message);
      else failed(new Error('a thread answered with what is not bytes'));
    });
    worker.on('messageerror', failed);
    worker.on('error', failed);
    worker.on('exit', (code) => failed(new Error(`a thread ended with code ${code}`)));
    return {
      send: (bytes) => worker.postMessage(bytes, [bytes.buffer as ArrayBuffer]),
      async end() {
        isEnding = true;
        await worker.terminate();
      },
    };
  };

/** Answers every message of the thread that started this one. */
export const answerOnThread = (answer: (bytes: Uint8Array) => Uint8Array): void => {
  if (parentPort === null) throw new Error('this module is to be started as a thread');
  const port = parentPort;
  port.on('message', (bytes: Uint8Array) => {
    const answered = answer(bytes);
    port.postMessage(answered, [answered.buffer as ArrayBuffer]);
  });
  port.postMessage(readyWord);
};
