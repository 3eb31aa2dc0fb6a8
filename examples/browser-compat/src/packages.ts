/**
 * The three packages as they are published, typed as far as the readers look into them. They are
 * trusted files of pinned versions, so they are loaded by Node's own module loader.
 */
import { createRequire } from 'node:module';

/** `version_added` and its companions; see the schema of `@mdn/browser-compat-data`. */
export interface MdnStatement {
  readonly version_added: string | boolean | null;
  readonly version_removed?: string | boolean | null;
  readonly prefix?: string;
  readonly alternative_name?: string;
  readonly flags?: readonly unknown[];
  readonly partial_implementation?: boolean;
}

export type MdnSupport = MdnStatement | readonly MdnStatement[];

/** A node of MDN's tree: `__compat` beside the names of the nodes below it. */
export interface MdnNode {
  readonly __compat?: { readonly support: { readonly [browser: string]: MdnSupport } };
  readonly [name: string]: unknown;
}

interface MdnRelease {
  readonly index: number;
  readonly status: string;
}

export interface MdnBrowser {
  readonly releases: { readonly [version: string]: MdnRelease };
}

export interface MdnData {
  readonly __meta: { readonly version: string; readonly timestamp: string };
  readonly browsers: { readonly [browser: string]: MdnBrowser };
  readonly [root: string]: unknown;
}

export interface CaniuseAgent {
  /** Aligned with the eras: `null` where the browser had no version in that era. */
  readonly versions: readonly (string | null)[];
}

interface CaniuseFeature {
  readonly stats: { readonly [agent: string]: { readonly [version: string]: string } };
}

export interface CaniuseData {
  /** `e-80` .. `e0` (the current version) .. `e3`, in order. */
  readonly eras: { readonly [era: string]: string };
  readonly agents: { readonly [agent: string]: CaniuseAgent };
  /** Seconds since 1970. */
  readonly updated: number;
  readonly data: { readonly [feature: string]: CaniuseFeature };
}

export interface WebFeatureSupport {
  readonly [browser: string]: string;
}

export interface WebFeature {
  /** `feature`, or `moved` and `split`, which only name other features. */
  readonly kind: string;
  readonly caniuse?: readonly string[];
  readonly compat_features?: readonly string[];
  readonly status?: {
    readonly support: WebFeatureSupport;
    readonly by_compat_key?: { readonly [key: string]: { readonly support: WebFeatureSupport } };
  };
}

export interface WebFeaturesData {
  readonly features: { readonly [id: string]: WebFeature };
}

/** The data of the three packages with the versions that were found installed. */
export interface Packages {
  readonly mdn: MdnData;
  readonly caniuse: CaniuseData;
  readonly caniuseVersion: string;
  readonly webFeatures: WebFeaturesData;
  readonly webFeaturesVersion: string;
}

/** web-features does not export its package.json; by absolute path it can still be loaded. */
function versionBeside(require: NodeJS.Require, file: string): string {
  return require(require.resolve(file).replace(/data\.json$/, 'package.json')).version;
}

/** Loads the installed packages, about 30 MB of JSON. Throws when one of them is missing. */
export function loadPackages(): Packages {
  const require = createRequire(import.meta.url);
  return {
    mdn: require('@mdn/browser-compat-data'),
    caniuse: require('caniuse-db/data.json'),
    caniuseVersion: require('caniuse-db/package.json').version,
    webFeatures: require('web-features/data.json'),
    webFeaturesVersion: versionBeside(require, 'web-features/data.json'),
  };
}

/** The same packages as they were in January 2026, installed under names of their own. */
export function loadOlderPackages(): Packages {
  const require = createRequire(import.meta.url);
  return {
    mdn: require('mdn-2026-01'),
    caniuse: require('caniuse-2026-01/data.json'),
    caniuseVersion: require('caniuse-2026-01/package.json').version,
    webFeatures: require('web-features-2026-01/data.json'),
    webFeaturesVersion: versionBeside(require, 'web-features-2026-01/data.json'),
  };
}
