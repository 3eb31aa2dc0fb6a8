/**
 * Reads `caniuse-db`: for each feature and browser a row of version columns, each with a letter.
 * A row says since when only if exactly one release lies between the last column without support
 * and the end of the first with it.
 */
import { browsers } from './browsers.js';
import { properFeatures } from './features.js';
import type { CaniuseAgent, CaniuseData, WebFeaturesData } from './packages.js';
import type { ReleaseList } from './releases.js';
import type { DropReason, DropTally, Reader, Since } from './statement.js';

/** `none` also where a flag must be set (`d`) or only a polyfill helps (`p`). */
type Level = 'full' | 'none' | 'partial' | 'prefix' | 'unknown';

/** Reads the letters of one column, as in `y`, `a x #2`, `n d #1`. */
export function readLetters(text: string): Level {
  const letters = text.split(' ').filter((part) => !part.startsWith('#'));
  if (letters.includes('d') || letters.includes('n') || letters.includes('p')) return 'none';
  if (letters.includes('a')) return 'partial';
  if (letters.includes('y')) return letters.includes('x') ? 'prefix' : 'full';
  return 'unknown';
}

/** One column of a row, oldest first. */
export interface Column {
  /** `79`, or a range `15.2-15.3`. */
  readonly version: string;
  readonly level: Level;
  /** Above the browser's current version when the data were made. */
  readonly isFuture: boolean;
}

const endOf = (column: Column): string => column.version.split('-').at(-1) ?? column.version;

/** A reading with the column that it was taken from. */
type RowReading = { readonly since: Since; readonly at: string } | { readonly dropped: DropReason };

/** Reads a row of one feature in one browser. */
export function readRow(columns: readonly Column[], list: ReleaseList): RowReading {
  const past = columns.filter((column) => !column.isFuture);
  const current = past.at(-1);
  if (current === undefined) return { dropped: 'unknown' };
  if (current.level === 'none') {
    const comes = columns.some((column) => column.isFuture && column.level !== 'none');
    return comes ? { dropped: 'not_released' } : { since: false, at: current.version };
  }
  if (current.level !== 'full') return { dropped: current.level };
  let first = past.length - 1;
  while (first > 0 && past[first - 1]?.level === 'full') first -= 1;
  const begin = past[first];
  const before = past[first - 1];
  if (begin === undefined) return { dropped: 'unknown' };
  if (before?.level === 'unknown') return { dropped: 'unknown' };
  return readBegin(begin, before, list);
}

function readBegin(begin: Column, before: Column | undefined, list: ReleaseList): RowReading {
  const releases = list.between(before && endOf(before), endOf(begin));
  const since = releases[0];
  if (since !== undefined && releases.length === 1) return { since, at: begin.version };
  if (since === undefined) return { dropped: 'unknown_version' };
  return { dropped: before === undefined ? 'first_column' : 'ambiguous_column' };
}

/** Position of the era of current versions. */
const currentEra = (data: CaniuseData): number => Object.keys(data.eras).indexOf('e0');

function columnsOf(
  agent: CaniuseAgent,
  stats: { readonly [version: string]: string },
  era: number,
): readonly Column[] {
  return agent.versions.flatMap((version, index) => {
    if (version === null) return [];
    return [{ version, level: readLetters(stats[version] ?? 'u'), isFuture: index > era }];
  });
}

/** caniuse id -> web-features id, where the mapping is one to one. */
export function mapFeatures(data: WebFeaturesData): ReadonlyMap<string, string> {
  const claimed = new Map<string, string | null>();
  for (const [id, feature] of properFeatures(data)) {
    for (const caniuse of feature.caniuse ?? []) {
      const isSingle = feature.caniuse?.length === 1 && !claimed.has(caniuse);
      claimed.set(caniuse, isSingle ? id : null);
    }
  }
  const mapping = new Map<string, string>();
  for (const [caniuse, id] of claimed) if (id !== null) mapping.set(caniuse, id);
  return mapping;
}

/** caniuse's statements, at `web/feature/<web-features id>/<browser>`. */
export function* readCaniuse(
  data: CaniuseData,
  mapping: ReadonlyMap<string, string>,
  releases: ReadonlyMap<string, ReleaseList>,
  tally: DropTally,
): Reader {
  const byAgent = new Map(browsers.map((browser) => [browser.caniuse, browser.id]));
  const era = currentEra(data);
  for (const [caniuse, feature] of Object.entries(data.data)) {
    const id = mapping.get(caniuse);
    for (const [agentId, stats] of Object.entries(feature.stats)) {
      const browser = byAgent.get(agentId);
      const list = releases.get(browser ?? '');
      const agent = data.agents[agentId];
      if (id === undefined) tally.add('feature_not_mapped');
      else if (browser === undefined || list === undefined || agent === undefined) {
        tally.add('browser_not_shared');
      } else {
        const reading = readRow(columnsOf(agent, stats, era), list);
        if ('dropped' in reading) tally.add(reading.dropped);
        else {
          const evidence = { caniuse, agent: agentId, column: reading.at };
          yield { feature: `web/feature/${id}`, browser, since: reading.since, evidence };
        }
      }
    }
  }
}
