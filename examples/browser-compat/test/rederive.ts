/**
 * Derives a claim's value again from the packages' files, by code that shares nothing with the
 * importer: files are read as plain JSON, and support is decided release by release, where the
 * importer follows statements and columns. Anything that does not compare is `undefined`.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

type Json = { readonly [name: string]: Json } & readonly Json[] & string;
type Value = string | false | undefined;

const require = createRequire(import.meta.url);
const read = (name: string): Json => JSON.parse(readFileSync(require.resolve(name), 'utf8'));

const sevenBrowsers = 'chrome chrome_android edge firefox firefox_android safari safari_ios';

const caniuseAgents: { readonly [browser: string]: string } = {
  chrome: 'chrome',
  chrome_android: 'and_chr',
  edge: 'edge',
  firefox: 'firefox',
  firefox_android: 'and_ff',
  ie: 'ie',
  opera: 'opera',
  opera_android: 'op_mob',
  safari: 'safari',
  safari_ios: 'ios_saf',
  samsunginternet_android: 'samsung',
};

/** A version as one number: a million for each step of the first part, 1000 of the second. */
const rank = (version: string): number => {
  const [major = '', minor = '0', patch = '0'] = version.replace('≤', '').split('.');
  const number = Number(major) * 1e6 + Number(minor) * 1e3 + Number(patch);
  return Number.isNaN(number) ? Number.POSITIVE_INFINITY : number;
};

function webFigure(support: Json | undefined, browser: string): Value {
  const version = support?.[browser] as string | undefined;
  return version?.startsWith('≤') ? undefined : version;
}

/** The three packages of one release, as `require` finds their files. */
interface PackageFiles {
  readonly mdn: string;
  readonly caniuse: string;
  readonly web: string;
}

class Rederivation {
  readonly #mdn: Json;
  readonly #caniuse: Json;
  readonly #web: Json;
  readonly #releasesByBrowser = new Map<string, readonly string[]>();
  /** How many features name a caniuse id. */
  readonly #namings = new Map<string, number>();
  readonly #figuresOfKeys = new Map<string, Json>();

  constructor(files: PackageFiles) {
    this.#mdn = read(files.mdn);
    this.#caniuse = read(files.caniuse);
    this.#web = read(files.web);
    for (const feature of Object.values(this.#web.features ?? {})) {
      for (const id of feature.caniuse ?? []) {
        this.#namings.set(id, (this.#namings.get(id) ?? 0) + 1);
      }
      for (const [key, status] of Object.entries(feature.status?.by_compat_key ?? {})) {
        if (status.support !== undefined) this.#figuresOfKeys.set(key, status.support);
      }
    }
  }

  /** Versions that users have, oldest first. */
  #releasesOf(browser: string): readonly string[] {
    const known = this.#releasesByBrowser.get(browser);
    if (known !== undefined) return known;
    const releases = Object.entries(this.#mdn.browsers?.[browser]?.releases ?? {})
      .filter(([, release]) => !['beta', 'nightly', 'planned'].includes(release.status as string))
      .map(([version]) => version)
      .sort((a, b) => rank(a) - rank(b));
    this.#releasesByBrowser.set(browser, releases);
    return releases;
  }

  #nodeOf(key: string): Json | undefined {
    let node: Json | undefined = this.#mdn;
    for (const name of key.split('.')) node = node?.[name];
    return node;
  }

  #hasStatement(key: string): boolean {
    return this.#nodeOf(key)?.__compat !== undefined;
  }

  #mdnOwn(key: string, browser: string): Value {
    const support = this.#nodeOf(key)?.__compat?.support?.[browser];
    if (support === undefined) return undefined;
    const list: readonly Json[] = Array.isArray(support) ? support : [support];
    const usable = list.filter((s) => !('flags' in s) && (s.version_added as unknown) !== false);
    const isLimited = (s: Json): boolean =>
      'prefix' in s || 'alternative_name' in s || 'partial_implementation' in s;
    const covers = (s: Json, release: string): boolean =>
      rank(s.version_added as string) <= rank(release) &&
      (s.version_removed === undefined || rank(release) < rank(s.version_removed));
    const releases = this.#releasesOf(browser);
    const full = releases.map((r) => usable.some((s) => !isLimited(s) && covers(s, r)));
    if (full.at(-1) !== true) {
      const last = releases.at(-1) ?? '';
      const comes = usable.some((s) => rank(s.version_added as string) > rank(last));
      return comes || usable.some((s) => covers(s, last)) ? undefined : false;
    }
    const start = releases[full.lastIndexOf(false) + 1];
    const isExact = usable.some((s) => !isLimited(s) && (s.version_added as string) === start);
    return isExact ? start : undefined;
  }

  /** The later of a key and what it is a part of; undefined when that does not compare. */
  #mdnKey(key: string, browser: string): Value {
    const names = key.split('.');
    const own = this.#mdnOwn(key, browser);
    if (own === undefined || own === false) return own;
    let last = own;
    for (let depth = 1; depth < names.length; depth += 1) {
      const whole = names.slice(0, depth).join('.');
      if (!this.#hasStatement(whole)) continue;
      const value = this.#mdnOwn(whole, browser);
      if (value === undefined || value === false) return undefined;
      if (rank(value) > rank(last)) last = value;
    }
    return last;
  }

  #mdnFeature(id: string, browser: string): Value {
    const feature = this.#web.features?.[id];
    const headline = feature?.status?.support;
    const byKey = feature?.status?.by_compat_key;
    if (headline === undefined || byKey === undefined) return undefined;
    const figures = Object.entries(byKey).map(([key, status]) => ({ key, of: status.support }));
    const seven = sevenBrowsers.split(' ');
    const isMax = seven.every((each) => {
      const all = figures.map((figure) => figure.of?.[each] as string | undefined);
      if (all.includes(undefined)) return headline[each] === undefined;
      const top = Math.max(...all.map((version) => rank(version ?? '')));
      return all.find((version) => rank(version ?? '') === top) === headline[each];
    });
    const carriers = figures.filter((f) => seven.every((each) => f.of?.[each] === headline[each]));
    const values = (isMax ? figures : carriers).map((figure) => this.#mdnKey(figure.key, browser));
    if (values.length === 0 || values.includes(undefined)) return undefined;
    if (values.every((value) => value === false)) return false;
    if (values.includes(false)) return undefined;
    return (values as string[]).sort((a, b) => rank(a) - rank(b)).at(-1);
  }

  #caniuseFeature(id: string, browser: string): Value {
    const ids = this.#web.features?.[id]?.caniuse ?? [];
    const agentId = caniuseAgents[browser] ?? '';
    const agent = this.#caniuse.agents?.[agentId];
    const row = this.#caniuse.data?.[ids[0] ?? '']?.stats?.[agentId];
    if (
      ids.length !== 1 ||
      this.#namings.get(ids[0] ?? '') !== 1 ||
      row === undefined ||
      agent === undefined
    ) {
      return undefined;
    }
    const pastEras = Object.keys(this.#caniuse.eras ?? {}).filter((era) =>
      /^e(-|0$)/.test(era),
    ).length;
    const versions = (agent.versions ?? []) as readonly (string | null)[];
    const isVersion = (version: string | null): version is string => version !== null;
    const past = versions.slice(0, pastEras).filter(isVersion);
    const letter = (version: string): string => {
      const [first = '', ...marks] = (row[version] as string).split(' ');
      if (first === 'n' || first === 'p' || marks.includes('d')) return 'n';
      return marks.includes('x') ? 'x' : first;
    };
    const now = letter(past.at(-1) ?? '');
    if (now === 'n') {
      const future = versions.slice(pastEras).filter(isVersion);
      return future.every((version) => letter(version) === 'n') ? false : undefined;
    }
    if (now !== 'y') return undefined;
    const before = past.findLastIndex((version) => letter(version) !== 'y');
    if (before >= 0 && letter(past[before] ?? '') === 'u') return undefined;
    // Each release belongs to the first column that ends at or above it.
    const ends = past.map((version) => rank(version.split('-').at(-1) ?? ''));
    const inColumn = this.#releasesOf(browser).filter(
      (release) => ends.findIndex((end) => rank(release) <= end) === before + 1,
    );
    return inColumn.length === 1 ? inColumn[0] : undefined;
  }

  /** The value that a source's claim about this concept path must have; undefined for no claim. */
  derive(path: string, source: string): Value {
    const [, kind = '', ...rest] = path.split('/');
    const browser = rest.pop() ?? '';
    if (kind === 'bcd') {
      const key = rest.join('.');
      if (source === 'mdn') {
        const own = this.#mdnOwn(key, browser);
        return this.#mdnKey(key, browser) === own ? own : undefined;
      }
      return source === 'caniuse' ? undefined : webFigure(this.#figuresOfKeys.get(key), browser);
    }
    const id = rest[0] ?? '';
    if (source === 'mdn') return this.#mdnFeature(id, browser);
    if (source === 'caniuse') return this.#caniuseFeature(id, browser);
    return webFigure(this.#web.features?.[id]?.status?.support, browser);
  }
}

const newer = new Rederivation({
  mdn: '@mdn/browser-compat-data',
  caniuse: 'caniuse-db/data.json',
  web: 'web-features/data.json',
});
const older = new Rederivation({
  mdn: 'mdn-2026-01',
  caniuse: 'caniuse-2026-01/data.json',
  web: 'web-features-2026-01/data.json',
});

/** From the newer release: the value that a source's claim must have; undefined for no claim. */
export const rederive = (path: string, source: string): Value => newer.derive(path, source);

/** The same from the older release, in which only whole features are stated. */
export const rederiveOlder = (path: string, source: string): Value => older.derive(path, source);
