/**
 * A trace as two trees: what the record rests on, and what rests on it. A record that stands above
 * already is named and not unfolded again. Everything an author wrote is escaped.
 */
import type { TraceAnswer, TraceEdge } from '@stemedb/client';
import { type RecordContent, recordKinds } from '@stemedb/model';
import { counted } from './cells.js';
import { describeRecord } from './describe_record.js';
import { escapeText, escapeValue, shorten } from './escape.js';
import type { Report } from './report.js';

type Node = TraceAnswer['nodes'][number];
type TracedRecord = Extract<Node, { readonly kind: string }>;

/** What a record says is cut after so many characters; `--json` has more of it. */
const saysWidth = 120;

const upward = {
  source: 'source',
  derived_from: 'derived from',
  parent: 'revises',
  epoch: 'epoch',
};
const downward = {
  source: 'cites it',
  derived_from: 'derived from it',
  parent: 'revises it',
  epoch: 'of the epoch',
  supersedes: 'supersedes it',
};
const besideWords = { target: 'about', replacement: 'puts in its place', supersedes: 'supersedes' };

const isIn = <Words extends object>(words: Words, type: string): type is keyof Words & string =>
  Object.hasOwn(words, type);

class Trees {
  readonly #report: Report;
  readonly #trace: TraceAnswer;
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #shown = new Set<string>();

  constructor(report: Report, trace: TraceAnswer) {
    this.#report = report;
    this.#trace = trace;
    this.#nodes = new Map(trace.nodes.flatMap((node) => ('id' in node ? [[node.id, node]] : [])));
  }

  async show(): Promise<void> {
    const { id } = this.#trace;
    await this.#report.line(this.#says(id));
    this.#shown.add(id);
    await this.#beside(id, '  ');
    await this.#tree('rests on:', id, (at) => this.#above(at));
    this.#shown.clear();
    this.#shown.add(id);
    await this.#tree('what rests on it:', id, (at) => this.#below(at));
  }

  async #tree(
    title: string,
    root: string,
    next: (id: string) => readonly (readonly [word: string, id: string])[],
  ): Promise<void> {
    if (next(root).length > 0) await this.#report.line(title);
    const open = next(root)
      .map(([word, id]) => ({ word, id, depth: 1 }))
      .reverse();
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const { word, id, depth } = at;
      const indent = '  '.repeat(depth);
      const isShown = this.#shown.has(id);
      const again = isShown ? ' (above)' : '';
      await this.#report.line(`${indent}${word} ${this.#says(id)}${again}`);
      if (isShown) continue;
      this.#shown.add(id);
      await this.#beside(id, `${indent}    `);
      const below = next(id).map(([nextWord, one]) => ({
        word: nextWord,
        id: one,
        depth: depth + 1,
      }));
      open.push(...below.reverse());
    }
  }

  /** What takes it out or puts it in the place of another, and what else is about it. */
  async #beside(id: string, indent: string): Promise<void> {
    for (const { from, to, type } of this.#trace.edges) {
      if (to !== id || (type !== 'target' && type !== 'replacement')) continue;
      await this.#report.line(`${indent}! ${this.#says(from)}`);
    }
  }

  #above(id: string): readonly (readonly [string, string])[] {
    const words = { ...upward, ...besideWords };
    return this.#edges((edge) => edge.from === id && isIn(words, edge.type)).map(({ to, type }) => [
      isIn(words, type) ? words[type] : type,
      to,
    ]);
  }

  #below(id: string): readonly (readonly [string, string])[] {
    return this.#edges((edge) => edge.to === id && isIn(downward, edge.type)).map(
      ({ from, type }) => [isIn(downward, type) ? downward[type] : type, from],
    );
  }

  #edges(wanted: (edge: TraceEdge) => boolean): readonly TraceEdge[] {
    return this.#trace.edges.filter(wanted);
  }

  #says(id: string): string {
    const report = this.#report;
    const node = this.#nodes.get(id);
    const name = report.paint('bold', id);
    if (node === undefined || !('id' in node)) return name;
    const cut = node.truncated === true ? ` ${report.paint('yellow', '(more is not shown)')}` : '';
    if ('unknown' in node) return `${name} is not here${cut}`;
    const state = node.state === 'in_effect' ? '' : ` ${report.paint('yellow', `[${node.state}]`)}`;
    const says = shorten(this.#content(node), saysWidth);
    return `${escapeText(node.kind)} ${name}${state}: ${says}${cut}`;
  }

  #content({ kind, content, omitted = [] }: TracedRecord): string {
    const isKnown = recordKinds.some((known) => known === kind);
    // A member that is too long is missing, so the sentence that needs it cannot be made.
    if (!isKnown || omitted.length > 0) return escapeValue(content);
    return describeRecord({ kind, v: 1, ...content } as unknown as RecordContent);
  }
}

export const showTrace = async (report: Report, trace: TraceAnswer): Promise<void> => {
  await new Trees(report, trace).show();
  const { nodes, as_of: asOf, as_of_stamp: stamp, truncated } = trace;
  await report.note(`${counted(nodes.length, 'record')}; as of ${asOf}, stamp ${stamp}`);
  if (truncated === true) {
    await report.note('More hangs on it: raise --depth or --limit, or trace a record of it.');
  }
};
