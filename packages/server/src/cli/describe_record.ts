/** What a record says, on one line for a person. What its author wrote is quoted and escaped. */
import type { RecordContent } from '@stemedb/model';
import { valueCell } from './cells.js';
import { escapeText, escapeValue } from './escape.js';

const signed = (weight: number): string => (weight > 0 ? `+${weight}` : String(weight));

const quoted = (label: string, text: string | undefined): string =>
  text === undefined ? '' : `, ${label} ${valueCell(text)}`;

/** The line without the kind, which stands before it or is plain from it. */
export const describeRecord = (record: RecordContent): string => {
  switch (record.kind) {
    case 'assertion': {
      const { concept_path: path, predicate, value, unit } = record;
      const about = `${escapeText(path)} ${escapeText(predicate)}`;
      return `${about} = ${escapeValue(value)}${unit === undefined ? '' : ` ${escapeText(unit)}`}`;
    }
    case 'attestation':
      return `${record.agent_id} signed ${record.target}`;
    case 'vote': {
      const { weight, target, note } = record;
      const vote = weight === 0 ? 'vote withdrawn from' : `vote ${signed(weight)} on`;
      return `${vote} ${target}${quoted('note', note)}`;
    }
    case 'source': {
      const { title, uri } = record;
      return `source ${valueCell(title)}${uri === undefined ? '' : `, ${escapeText(uri)}`}`;
    }
    case 'epoch': {
      const { name, supersedes = [] } = record;
      const over = supersedes.length === 0 ? '' : `, supersedes ${supersedes.join(', ')}`;
      return `epoch ${valueCell(name)}${over}`;
    }
    case 'supersession': {
      const { action, target, replacement, reason } = record;
      const by = replacement === undefined ? '' : ` by ${replacement}`;
      return `${action} ${target}${by}${quoted('because', reason)}`;
    }
    case 'alias': {
      const { a, b, reason } = record;
      return `${escapeText(a)} is ${escapeText(b)}${quoted('because', reason)}`;
    }
    case 'verdict': {
      const { target, outcome, note } = record;
      return `${target} is ${outcome}${quoted('note', note)}`;
    }
    case 'policy':
      return (
        `policy of ${record.classes.length} classes, classes ${record.class_mode}, ` +
        `governance ${record.governance}`
      );
  }
};
