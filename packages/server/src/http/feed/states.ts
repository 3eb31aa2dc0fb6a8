/** What a stream of the feed does next: SPEC.md beside this file explains the table. */

/**
 * `reading`: a piece is on its way from the log. `waiting`: all that is visible was sent and taken.
 * `sending`: the reader has not taken all of it. `closing`: the last words were sent. `closed`:
 * nobody is there any more.
 */
export type StreamState = 'reading' | 'waiting' | 'sending' | 'closing' | 'closed';

/**
 * `visible`: more can be read. `arrived`: the piece was read. `drained`: a buffer is empty, so that
 * the reader took some of what it was sent. `late`: the time of the state is over. `wanted`: others
 * wait for what it holds and its reader does not take. `stopping`: the server ends. `gone`: the
 * connection is closed.
 */
export type StreamEvent =
  | 'visible'
  | 'arrived'
  | 'drained'
  | 'late'
  | 'wanted'
  | 'stopping'
  | 'gone';

export type StreamAction =
  | 'ignore'
  | 'note'
  | 'read'
  | 'goOn'
  | 'send'
  | 'beat'
  | 'drop'
  | 'finish'
  | 'cut'
  | 'leave';

export const streamActions: Readonly<
  Record<StreamState, Readonly<Record<StreamEvent, StreamAction>>>
> = {
  reading: {
    // Read again before it waits: the piece may have been made before that came.
    visible: 'note',
    arrived: 'send',
    drained: 'ignore',
    late: 'beat',
    wanted: 'ignore',
    stopping: 'finish',
    gone: 'leave',
  },
  waiting: {
    visible: 'read',
    arrived: 'ignore',
    drained: 'ignore',
    late: 'beat',
    wanted: 'ignore',
    stopping: 'finish',
    gone: 'leave',
  },
  sending: {
    // It reads on as soon as there is room, whatever came.
    visible: 'ignore',
    arrived: 'ignore',
    drained: 'goOn',
    late: 'drop',
    wanted: 'cut',
    stopping: 'finish',
    gone: 'leave',
  },
  closing: {
    visible: 'ignore',
    arrived: 'ignore',
    drained: 'ignore',
    late: 'cut',
    wanted: 'cut',
    stopping: 'ignore',
    gone: 'leave',
  },
  closed: {
    visible: 'ignore',
    arrived: 'ignore',
    drained: 'ignore',
    late: 'ignore',
    wanted: 'ignore',
    stopping: 'ignore',
    gone: 'ignore',
  },
};
