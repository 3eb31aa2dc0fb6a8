/**
 * A trace in the words of W3C PROV: the data model is PROV-DM (W3C Recommendation, 30 April 2013,
 * https://www.w3.org/TR/prov-dm/), the form PROV-JSON (W3C Member Submission, 24 April 2013,
 * https://www.w3.org/submissions/prov-json/). Records are entities, agents are agents; a
 * supersession is an activity, since PROV lets only an activity invalidate (PROV-DM 5.1.8).
 */
import type {
  JsonValue,
  ProvAttributes,
  ProvDocument,
  RecordId,
  TraceAnswer,
  TraceEdge,
  TraceNode,
  UnknownTraceNode,
} from '@stemedb/model';
import { formatTime } from '@stemedb/model';

type VisibleNode = TraceNode | UnknownTraceNode;

const prefix = {
  stemedb: 'urn:x-stemedb:terms:',
  record: 'urn:x-stemedb:record:',
  agent: 'urn:x-stemedb:agent:',
};

const recordName = (id: RecordId): string => `record:${id}`;

/** A type of PROV itself, as PROV-JSON writes qualified names. */
const provType = (name: string): { readonly $: string; readonly type: string } => ({
  $: `prov:${name}`,
  type: 'prov:QUALIFIED_NAME',
});

/** Attribute values are scalars; anything else is told as its JSON text. */
const literal = (value: JsonValue): string | number | boolean =>
  typeof value === 'object' ? JSON.stringify(value) : value;

const attributesOf = (node: VisibleNode): ProvAttributes => {
  if ('unknown' in node) return { 'stemedb:unknown': true };
  const { kind, content, state, truncated } = node;
  const { agent_id: _agent, asserted_at: _time, ...members } = content;
  const said = Object.entries(members).map(([name, value]) => [`stemedb:${name}`, literal(value)]);
  return {
    'stemedb:kind': kind,
    'stemedb:state': state,
    ...Object.fromEntries(said),
    ...(kind === 'epoch' ? { 'prov:type': provType('Collection') } : {}),
    ...(truncated === true ? { 'stemedb:truncated': true } : {}),
  };
};

/** Sections that grow, each relation under a name of its own. */
class Sections {
  readonly #sections = new Map<string, Record<string, ProvAttributes>>();
  #relations = 0;

  element(section: 'entity' | 'activity' | 'agent', name: string, said: ProvAttributes): void {
    this.#section(section)[name] = said;
  }

  relation(section: string, said: ProvAttributes): void {
    this.#relations += 1;
    this.#section(section)[`_:r${this.#relations}`] = said;
  }

  all(): Readonly<Record<string, Readonly<Record<string, ProvAttributes>>>> {
    return Object.fromEntries(this.#sections);
  }

  #section(name: string): Record<string, ProvAttributes> {
    const known = this.#sections.get(name) ?? {};
    this.#sections.set(name, known);
    return known;
  }
}

const isActivity = (node: VisibleNode | undefined): boolean =>
  node !== undefined && 'kind' in node && node.kind === 'supersession';

const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

const timeOf = ({ content, recorded_at: recordedAt }: TraceNode): string =>
  typeof content.asserted_at === 'number' ? formatTime(content.asserted_at) : recordedAt;

/** The node itself, who is behind it, and when it came. */
const tellNode = (out: Sections, node: VisibleNode): void => {
  const name = recordName(node.id);
  out.element(isActivity(node) ? 'activity' : 'entity', name, attributesOf(node));
  if ('unknown' in node) return;
  const agentId = textOf(node.content.agent_id);
  const agent = agentId === undefined ? undefined : `agent:${agentId}`;
  if (agent !== undefined) out.element('agent', agent, {});
  if (isActivity(node)) {
    if (agent !== undefined) {
      out.relation('wasAssociatedWith', { 'prov:activity': name, 'prov:agent': agent });
    }
    return;
  }
  out.relation('wasGeneratedBy', { 'prov:entity': name, 'prov:time': timeOf(node) });
  if (agent !== undefined) {
    out.relation('wasAttributedTo', { 'prov:entity': name, 'prov:agent': agent });
  }
};

/** Derivations are of one of these sorts where PROV has a word for it (PROV-DM 5.2.2, 5.2.4). */
const derivations: { readonly [Type in TraceEdge['type']]?: ProvAttributes } = {
  source: { 'prov:type': provType('PrimarySource') },
  derived_from: {},
  parent: { 'prov:type': provType('Revision') },
  supersedes: { 'prov:type': provType('Revision') },
};

const tellEdge = (
  out: Sections,
  nodes: ReadonlyMap<RecordId, VisibleNode>,
  { from, to, type }: TraceEdge,
): void => {
  const [one, other] = [recordName(from), recordName(to)];
  const isActed = isActivity(nodes.get(from));
  const isActedOn = isActivity(nodes.get(to));
  const derivation = derivations[type];
  if (type === 'epoch') {
    out.relation('hadMember', { 'prov:collection': other, 'prov:entity': one });
  } else if (isActed && !isActedOn) {
    out.relation('used', { 'prov:activity': one, 'prov:entity': other });
  } else if (derivation !== undefined && !isActedOn) {
    const ends = { 'prov:generatedEntity': one, 'prov:usedEntity': other };
    out.relation('wasDerivedFrom', { ...ends, ...derivation });
  } else {
    out.relation('wasInfluencedBy', { 'prov:influencee': one, 'prov:influencer': other });
  }
};

const tellEnd = (
  out: Sections,
  nodes: ReadonlyMap<RecordId, VisibleNode>,
  node: VisibleNode,
): void => {
  if (!('because' in node) || node.because === undefined || isActivity(node)) return;
  const by = nodes.get(node.because);
  if (by === undefined || !isActivity(by) || !('recorded_at' in by)) return;
  out.relation('wasInvalidatedBy', {
    'prov:entity': recordName(node.id),
    'prov:activity': recordName(by.id),
    'prov:time': by.recorded_at,
  });
};

/** The same trace as a PROV-JSON document. */
export const provOf = ({ nodes: all, edges }: TraceAnswer): ProvDocument => {
  const visible = all.filter((node): node is VisibleNode => !('hidden' in node));
  const nodes = new Map(visible.map((node) => [node.id, node]));
  const out = new Sections();
  for (const node of visible) tellNode(out, node);
  for (const edge of edges) tellEdge(out, nodes, edge);
  for (const node of visible) tellEnd(out, nodes, node);
  return { prefix, ...out.all() };
};
