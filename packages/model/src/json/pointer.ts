/** RFC 6901 pointers. */

/** One reference token, escaped (RFC 6901 section 3). */
export function pointerToken(name: string | number): string {
  return String(name).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The pointer that names `path`, outermost step first; `''` is the whole document. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${pointerToken(step)}`).join('');
}
