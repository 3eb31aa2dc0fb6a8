/** Randomness, the only source of it. */
export interface Random {
  /** Fresh bytes; cryptographically strong in the system implementation. */
  bytes(length: number): Uint8Array;
}
