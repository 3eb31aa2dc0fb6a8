/** Files that import each other in a circle: none can be read, or moved, without the others. */
import { posix } from 'node:path';
import { importsOf } from './scan.js';
import { isCode, type SourceFile } from './tree.js';

/** By path: the files of the tree that each imports, for its types too. */
function importsIn(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const paths = new Set(files.map(({ path }) => path));
  return new Map(
    files.map(({ path, withoutComments }) => {
      const relative = importsOf(withoutComments).filter(({ specifier }) => /^\./.test(specifier));
      const named = relative.map(({ specifier }) =>
        posix.join(posix.dirname(path), specifier.replace(/\.js$/, '.ts')),
      );
      return [path, named.filter((other) => paths.has(other))];
    }),
  );
}

/** What a file leads to over any number of imports. */
function reachedFrom(
  path: string,
  imports: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const reached = new Set<string>();
  const next = [...(imports.get(path) ?? [])];
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    next.push(...(imports.get(at) ?? []));
  }
  return reached;
}

/** Each circle once, as the paths of its files. */
export function circlesIn(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const imports = importsIn(files.filter(({ path }) => isCode(path)));
  const reached = new Map([...imports.keys()].map((path) => [path, reachedFrom(path, imports)]));
  const circleOf = (path: string): readonly string[] =>
    [...(reached.get(path) ?? [])].filter((other) => reached.get(other)?.has(path) === true).sort();
  const circles = [...reached.keys()].map(circleOf).filter((circle) => circle.length > 0);
  return [...new Map(circles.map((circle) => [circle.join(' '), circle])).values()];
}
