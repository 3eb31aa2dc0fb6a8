/** The version of this package, for `--version`, health and the API description. */
import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('../../../package.json') as {
  readonly version: string;
};

export const version = manifest.version;
