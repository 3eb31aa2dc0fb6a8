/**
 * What a reader makes of its package: statements in the one comparable vocabulary, and the count,
 * by reason, of what could not be said in it.
 */

export type SourceName = 'mdn' | 'caniuse' | 'web-features';

/** Everything that the packages say, or only of whole features. */
export type DatasetScope = 'all' | 'features';

/** First release of today's run of full support, or false: not supported by default at all. */
export type Since = string | false;

/** "Feature `feature` is supported in `browser` since `since`." */
export interface Statement {
  /** A path: `web/feature/<web-features id>` or `web/bcd/<segments of MDN's key>`. */
  readonly feature: string;
  readonly browser: string;
  readonly since: Since;
  /** Where in the package it stands, for whoever checks. */
  readonly evidence?: { readonly [name: string]: string };
}

/** Why something a source says does not compare; docs/demo.md explains each. */
export const dropReasons = {
  alternative_name: 'supported only under another name',
  ambiguous_column: 'the version column spans several releases',
  browser_not_shared: 'a browser that the vocabulary does not have',
  feature_not_mapped: 'a feature that web-features does not map to exactly one of its own',
  first_column: 'supported in the oldest version listed, so since when is not said',
  keys_differ: 'some parts of the feature are supported and some are not',
  no_headline: 'no set of MDN keys carries the figures of the feature',
  no_version: 'no version given, for a reason the package does not state',
  not_released: 'supported only in a version not released yet',
  partial: 'supported in part only',
  prefix: 'supported only with a prefix',
  unknown: 'the source says that it does not know',
  unknown_version: 'a version that the list of releases does not have',
  upper_bound: 'only "this version or an earlier one" is said',
  whole_differs: 'a part of something that came later or is supported less',
} as const satisfies Record<string, string>;

export type DropReason = keyof typeof dropReasons;

/** The outcome of reading one entry. */
export type Reading = { readonly since: Since } | { readonly dropped: DropReason };

/** How many entries of a source were dropped for which reason. */
export class DropTally {
  readonly #counts = new Map<DropReason, number>();

  add(reason: DropReason, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  count(reason: DropReason): number {
    return this.#counts.get(reason) ?? 0;
  }
}

/** A reader yields its statements in the order of its package's files and tallies the rest. */
export type Reader = Generator<Statement, void, void>;
