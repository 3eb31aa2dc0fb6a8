declare const brand: unique symbol;

/** A string that only its own parser or maker can produce, so that ids cannot be mixed up. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** BLAKE3-256 of a record's canonical bytes: 64 lower-case hex digits. */
export type RecordId = Brand<string, 'RecordId'>;

/** An Ed25519 public key: 64 lower-case hex digits. */
export type AgentId = Brand<string, 'AgentId'>;

/** An Ed25519 signature: 128 lower-case hex digits. */
export type SignatureHex = Brand<string, 'SignatureHex'>;

/**
 * A hybrid logical clock stamp: 48 bits of milliseconds, 16 bits of counter, 64 bits of node id,
 * as 32 lower-case hex digits. Comparing two stamps as strings compares them as clocks.
 */
export type HlcStamp = Brand<string, 'HlcStamp'>;

/** Hash of (value, unit): claims with the same key say the same. 64 lower-case hex digits. */
export type ValueKey = Brand<string, 'ValueKey'>;
