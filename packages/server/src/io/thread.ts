/** Another thread that answers messages of bytes, one for one and in their order. */
export interface Thread {
  /** Hands the bytes over: they belong to the other thread from then on. */
  send(bytes: Uint8Array): void;
  /** Ends the thread, whatever it is at; nothing is heard of it afterwards. */
  end(): Promise<void>;
}

/** What is heard of a thread. */
export interface ThreadEvents {
  /** It runs and can answer. */
  ready(): void;
  answered(bytes: Uint8Array): void;
  /** It has ended without being told to; nothing that it was sent is answered any more. */
  failed(cause: unknown): void;
}

export type StartThread = (events: ThreadEvents) => Thread;
