/** Where the server may listen: without authentication, loopback only (spec 8). */
import { isIP } from 'node:net';
import type { Outcome } from '@stemedb/model';
import { fail, ok } from '@stemedb/model';

export interface BindAddress {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
}

/** Reads `host:port`, `[v6]:port`. */
export function parseBindAddress(text: string): BindAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return undefined;
  if (match?.[1] !== undefined && isIP(host) !== 6) return undefined;
  return { host, port };
}

/** True when nobody outside this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Reads where to listen and checks that this may be; `invalid_configuration` says why not. */
export function readBindAddress(text: string, insecure: boolean): Outcome<BindAddress> {
  const address = parseBindAddress(text);
  if (address !== undefined) return checkBindAddress(address, insecure);
  return fail({
    code: 'invalid_configuration',
    detail: `bind_addr must be host:port, such as 127.0.0.1:18180, not "${text}".`,
  });
}

/** Refuses to serve strangers without authentication, unless told to. */
export function checkBindAddress(address: BindAddress, insecure: boolean): Outcome<BindAddress> {
  if (insecure || isLoopback(address.host)) return ok(address);
  return fail({
    code: 'invalid_configuration',
    detail:
      `STEMEDB_BIND_ADDR ${address.host}:${address.port} can be reached from other machines, and ` +
      'there is no authentication: bind a loopback address, or set STEMEDB_INSECURE=true.',
  });
}
