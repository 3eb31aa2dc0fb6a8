/** What a stream of the feed does next: SPEC.md beside this file explains the table. */

/**
 * `waiting`: all that is visible was sent and taken. `sending`: the reader has not taken all of it.
 * `closing`: the last words were sent. `closed`: nobody is there any more.
 */
export type StreamState = 'waiting' | 'sending' | 'closing' | 'closed';

/**
 * `visible`: more can be read. `drained`: the reader took what it was sent. `late`: the time of the
 * state is over. `stopping`: the server ends. `gone`: the connection is closed.
 */
export type StreamEvent = 'visible' | 'drained' | 'late' | 'stopping' | 'gone';

export type StreamAction = 'ignore' | 'read' | 'beat' | 'drop' | 'finish' | 'cut' | 'leave';

export const streamActions: Readonly<
  Record<StreamState, Readonly<Record<StreamEvent, StreamAction>>>
> = {
  waiting: {
    visible: 'read',
    drained: 'ignore',
    late: 'beat',
    stopping: 'finish',
    gone: 'leave',
  },
  sending: {
    // It reads on as soon as there is room, whatever came.
    visible: 'ignore',
    drained: 'read',
    late: 'drop',
    stopping: 'finish',
    gone: 'leave',
  },
  closing: {
    visible: 'ignore',
    drained: 'ignore',
    late: 'cut',
    stopping: 'ignore',
    gone: 'leave',
  },
  closed: {
    visible: 'ignore',
    drained: 'ignore',
    late: 'ignore',
    stopping: 'ignore',
    gone: 'ignore',
  },
};
