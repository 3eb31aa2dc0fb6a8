/** What a thread is told, apart from it: whoever starts the thread must not run it. */
export interface Order {
  readonly name: string;
  readonly seed: number;
  readonly untilMs: number;
  /** The count of inputs and the length of the one that runs, then its bytes. */
  readonly shared: SharedArrayBuffer;
}

export const sharedHeadBytes = 8;
