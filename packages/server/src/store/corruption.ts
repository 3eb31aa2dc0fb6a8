/**
 * What a reader of the store throws when an entry is not what was written. It crosses no door: the
 * query room turns it into `store_corrupt`, verification into a finding. Such an entry is never
 * served; the cure is always the same, a rebuild from the log.
 */
export class StoreCorruption extends Error {
  /** Name of the table, see `tables`. */
  readonly table: string;
  /** Hex of the key at fault. */
  readonly keyHex: string;

  constructor(table: string, key: Uint8Array, fault: string, options?: ErrorOptions) {
    const keyHex = Buffer.from(key).toString('hex');
    super(`store entry ${keyHex} of table ${table}: ${fault}`, options);
    this.name = 'StoreCorruption';
    this.table = table;
    this.keyHex = keyHex;
  }
}
