/** A record as a trace shows it: what it says, shortened, and whether it is in effect. */
import type { JsonObject, RecordId, TraceNode, TraceState, UnknownTraceNode } from '@stemedb/model';
import { formatTime, kindOfNumber, stampMs } from '@stemedb/model';
import type { TaintReason } from '../trust/taint.js';
import { rowsPerRecord } from './pace.js';
import type { Reading } from './readings.js';
import type { ReadRecord } from './records.js';
import { taintedOut } from './taints.js';

/** A member of a record whose JSON is longer is left out, and named. */
const memberCharactersMax = 2048;

interface Standing {
  readonly state: TraceState;
  readonly because?: RecordId;
  readonly detail?: string;
}

const stateOf: Readonly<Record<'retract' | 'replace' | 'cascade', TraceState>> = {
  retract: 'retracted',
  replace: 'replaced',
  cascade: 'premise_out',
};

const ofTaint = (reason: TaintReason & { readonly out: true }): Standing => ({
  state: stateOf[reason.why],
  because: reason.why === 'cascade' ? reason.premise : reason.by,
  detail: sentence(taintedOut(reason) ?? ''),
});

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const standingOf = (
  { rules }: Reading,
  id: RecordId,
  content: JsonObject,
  taint: TaintReason | undefined,
): Standing => {
  if (taint?.out === true) return ofTaint(taint);
  const epoch = content.kind === 'epoch' ? id : content.epoch;
  const isDated = content.kind === 'epoch' || content.kind === 'assertion';
  const by =
    isDated && typeof epoch === 'string' ? rules.epochSupersededBy(epoch as RecordId) : undefined;
  if (by !== undefined) {
    return { state: 'epoch_superseded', because: by, detail: `The epoch was superseded by ${by}.` };
  }
  const rule = rules.withoutEffect(id);
  return rule === undefined ? { state: 'in_effect' } : { state: 'without_effect', detail: rule };
};

const shortened = (record: JsonObject): Pick<TraceNode, 'content' | 'omitted'> => {
  const { kind: _kind, v: _version, ...members } = record;
  const content: Record<string, JsonObject[string]> = {};
  const omitted: string[] = [];
  for (const [name, value] of Object.entries(members)) {
    if (JSON.stringify(value).length > memberCharactersMax) omitted.push(name);
    else content[name] = value;
  }
  return { content, ...(omitted.length > 0 ? { omitted } : {}) };
};

const nodeOf = (
  reading: Reading,
  id: RecordId,
  { record, stamp, place, proof }: ReadRecord,
  taint: TaintReason | undefined,
): TraceNode => {
  const content = record.parsed as unknown as JsonObject;
  const isKnown = kindOfNumber(place.kind) !== undefined;
  const standing: Standing = isKnown
    ? standingOf(reading, id, content, taint)
    : { state: 'without_effect', detail: 'This version does not know its kind.' };
  return {
    id,
    kind: String(content.kind),
    ...shortened(content),
    recorded_at: formatTime(stampMs(stamp)),
    recorded_stamp: stamp,
    proof,
    ...standing,
  };
};

/** The nodes in this order; `cut` are those of which something was left out. */
export const traceNodesOf = async (
  reading: Reading,
  ids: ReadonlySet<RecordId>,
  cut: ReadonlySet<RecordId>,
): Promise<readonly (TraceNode | UnknownTraceNode)[]> => {
  const { reader, moment, pace, rules, holding } = reading;
  const taints = await rules.provenance.tainted([...ids], moment.stamp);
  const nodes: (TraceNode | UnknownTraceNode)[] = [];
  for (const id of ids) {
    await pace.spend(rowsPerRecord);
    const read = reader.read(id, moment.stamp);
    const node: TraceNode | UnknownTraceNode =
      read === undefined ? { id, unknown: true } : nodeOf(reading, id, read, taints.get(id));
    nodes.push(cut.has(id) ? { ...node, truncated: true } : node);
    // A trace has no pages: it takes its room, and is bounded by its nodes.
    await holding.drafted(Math.min(read?.record.bytes.length ?? 0, 8 * memberCharactersMax));
  }
  return nodes;
};
