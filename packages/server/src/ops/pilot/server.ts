/** The server under check, as these steps need it. */
export interface Health {
  readonly databaseId: string;
  readonly version: string;
  readonly isReady: boolean;
  readonly uptimeSeconds: number;
}

export interface PilotServer {
  /** Undefined when nobody answers. */
  health(): Promise<Health | undefined>;
  /** States these claims, by their numbers; those that were acknowledged as durable and visible. */
  write(numbers: readonly number[]): Promise<readonly number[]>;
  /** Asks about the concept of a claim; false when the answer is no answer. */
  ask(number: number, lens: string): Promise<boolean>;
  /** Whether the claim is there, byte for byte. Rejects when the server does not say. */
  holds(number: number): Promise<boolean>;
}
