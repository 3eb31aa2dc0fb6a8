/** The dashboards of deploy/monitoring, and what Grafana makes of their queries. */
import { readdirSync } from 'node:fs';
import { pathOf, textOf } from './programs.js';

const folder = 'grafana/dashboards';

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly Target[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly definition?: string;
    }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

export const dashboards: ReadonlyMap<string, Dashboard> = new Map(
  readdirSync(pathOf(folder)).map((name) => [name, JSON.parse(textOf(`${folder}/${name}`))]),
);

/** Panels that show data: rows only part the page. */
export const dataPanels = ({ panels }: Dashboard): readonly Panel[] =>
  panels.filter(({ type }) => type !== 'row');

/** The query that Grafana sends for nodes that were chosen, over rates of this many seconds. */
export const substituted = (
  expr: string,
  instances: readonly string[],
  rateSeconds: number,
): string => {
  // Chosen values become alternatives of a regular expression, inside a quoted string.
  const escaped = instances.map((name) => name.replace(/[.+*?()[\]{}|^$\\]/g, '\\\\$&'));
  const chosen = escaped.length === 1 ? (escaped[0] ?? '') : `(${escaped.join('|')})`;
  return expr
    .replaceAll('$__rate_interval', `${rateSeconds}s`)
    .replaceAll('$instance', () => chosen);
};
