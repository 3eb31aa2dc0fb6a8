/** Byte streams between nodes: what the cluster's transports are written on. */
export interface NetStream {
  /** What the other side sends, in order; ends when it ends, throws when the stream breaks. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes were handed on and more may be sent. */
  send(bytes: Uint8Array): Promise<void>;
  /** Says that nothing more is sent; what comes in may still be read. */
  end(): Promise<void>;
  /** Breaks the stream at once. */
  destroy(): void;
}

interface NetListener {
  readonly port: number;
  /** Stops accepting; streams that are open stay open. */
  close(): Promise<void>;
}

export interface Net {
  /** Port 0 takes any free one. Rejects with a POSIX `code` such as `EADDRINUSE`. */
  listen(host: string, port: number, accept: (stream: NetStream) => void): Promise<NetListener>;
  /** Rejects with a POSIX `code` such as `ECONNREFUSED`. */
  connect(host: string, port: number): Promise<NetStream>;
}
