/**
 * Protection against DNS rebinding while authentication is off (spec 8): a page of another origin
 * can make a browser connect to a loopback port, but it cannot make it name a loopback host or
 * leave out the `Origin`. Both must therefore be ours or named in the configuration.
 */
import type { IncomingMessage } from 'node:http';
import type { StemeError } from '@stemedb/model';

export interface HostRules {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Why the request may not come from where it says, or undefined when it may. */
export function hostRefusal(
  request: Pick<IncomingMessage, 'headers' | 'url'>,
  rules: HostRules,
): StemeError | undefined {
  const { host, origin } = request.headers;
  if (!isAllowedHost(host, rules)) return refusal('Host', host);
  const authority = absoluteFormAuthority(request.url ?? '');
  if (authority !== undefined && !isAllowedHost(authority, rules)) {
    return refusal('Host', authority);
  }
  if (origin === undefined || isOwnOrigin(origin, host) || isAllowedOrigin(origin, rules)) {
    return undefined;
  }
  return refusal('Origin', origin);
}

/** True when the browser origin is named in the configuration. */
export const isAllowedOrigin = (origin: string, rules: HostRules): boolean =>
  rules.allowedOrigins.includes(origin.toLowerCase());

function isAllowedHost(host: string | undefined, rules: HostRules): boolean {
  if (host === undefined) return false;
  const lower = host.toLowerCase();
  const name = lower.replace(/:\d{1,5}$/, '');
  if (loopbackNames.has(name)) return true;
  return rules.allowedHosts.some((allowed) => allowed === lower || allowed === name);
}

const isOwnOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined &&
  [`http://${host}`, `https://${host}`].some((own) => own.toLowerCase() === origin.toLowerCase());

/** The authority of `GET http://host/path`, which stands in for `Host` (RFC 9112 3.2.2). */
function absoluteFormAuthority(url: string): string | undefined {
  if (url.startsWith('/')) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
}

function refusal(header: 'Host' | 'Origin', value: string | undefined): StemeError {
  const shown = value === undefined ? 'none' : JSON.stringify(value.slice(0, 64));
  const key = header === 'Host' ? 'STEMEDB_ALLOWED_HOSTS' : 'STEMEDB_ALLOWED_ORIGINS';
  return {
    code: 'host_not_allowed',
    detail: `${header} ${shown} is not allowed here; name it in ${key} if it should be.`,
  };
}
