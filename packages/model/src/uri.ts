/**
 * Normal form of URIs, so that one source is one origin: RFC 3986 section 6.2.2 (case, percent
 * encoding, dot segments) without the fragment. Scheme rules (default ports) are left alone.
 */

/** RFC 3986 appendix B: scheme, authority, path, query; the fragment is dropped. */
const parts = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?/;

/** The normalised URI; text that is no URI comes back with the same rules applied to its parts. */
export function normalizeUri(uri: string): string {
  const match = parts.exec(uri);
  const scheme = match?.[1];
  const authority = match?.[2];
  const path = normalizePercent(match?.[3] ?? '');
  const query = normalizePercent(match?.[4] ?? '');
  let out = scheme === undefined ? '' : `${scheme.toLowerCase()}:`;
  if (authority !== undefined) out += `//${normalizeAuthority(authority)}`;
  const clean = path.startsWith('/') ? removeDotSegments(path, authority !== undefined) : path;
  return out + clean + query;
}

/** Host names are compared without case; user information is not (6.2.2.1). */
function normalizeAuthority(authority: string): string {
  const normal = normalizePercent(authority);
  const at = normal.lastIndexOf('@') + 1;
  return normal.slice(0, at) + upperPercent(normal.slice(at).toLowerCase());
}

/** Upper-case digits (6.2.2.1), and unreserved characters written plainly (6.2.2.2). */
function normalizePercent(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/(%[0-9a-fA-F]?)?%([0-9a-fA-F]{2})/g, (found, stray = '', digits = '') => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    // Behind a percent sign that encodes nothing a digit would make it encode something.
    const isPlain = stray === '' ? /[A-Za-z0-9._~-]/ : /[G-Zg-z._~-]/;
    const isDecoded = isPlain.test(character);
    return stray + (isDecoded ? character : found.slice(stray.length).toUpperCase());
  });
}

function upperPercent(text: string): string {
  return text.replaceAll(/%[0-9a-f]{2}/g, (triplet) => triplet.toUpperCase());
}

/** RFC 3986 section 5.2.4 for an absolute path. */
function removeDotSegments(path: string, hasAuthority: boolean): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  const last = segments.at(-1);
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  if (last === '.' || last === '..') kept.push('');
  const out = `/${kept.join('/')}`;
  // Without an authority a path must not begin with "//" (3.3), or it would be read as one.
  return !hasAuthority && out.startsWith('//') ? `/.${out}` : out;
}
