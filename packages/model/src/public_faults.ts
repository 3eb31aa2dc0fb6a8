/**
 * Rules that depend on Unicode tables, checked at the public API only: tables change with the
 * platform, so a record that arrives from another node is never refused by them (spec 1).
 */
import type { Fault, StemeError } from './errors.js';
import type { RecordContent } from './record.js';

/** Texts of `content` that name a concept or a predicate, with their pointers. */
function namesOf(content: RecordContent): readonly (readonly [string, string])[] {
  if (content.kind === 'alias') {
    return [
      ['/a', content.a],
      ['/b', content.b],
    ];
  }
  if (content.kind !== 'assertion') return [];
  const { concept_path, predicate, value } = content;
  const names: (readonly [string, string])[] = [
    ['/concept_path', concept_path],
    ['/predicate', predicate],
  ];
  if (typeof value === 'object' && 'ref' in value) names.push(['/value/ref', value.ref]);
  return names;
}

const plain = /^[\x20-\x7e]*$/;
const unassigned = /\p{Cn}/u;

/** Names that are not NFC (the detail holds the form that is) or hold unassigned characters. */
export function publicFaults(content: RecordContent): Fault[] {
  const faults: Fault[] = [];
  for (const [pointer, name] of namesOf(content)) {
    if (plain.test(name)) continue;
    const found = unassigned.exec(name)?.[0];
    if (found !== undefined) {
      const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const detail = `U+${code} is not a character that this server's Unicode knows; remove it.`;
      faults.push({ code: 'invalid_field', pointer, detail });
    }
    const nfc = name.normalize('NFC');
    if (nfc !== name) {
      const detail = `The name is not in Unicode form C; send ${JSON.stringify(nfc)} instead.`;
      faults.push({ code: 'not_nfc', pointer, detail });
    }
  }
  return faults;
}

/** The same as one error with the NFC form as `nfc`, or undefined when there is no fault. */
export function publicError(content: RecordContent): StemeError | undefined {
  const faults = publicFaults(content);
  const first = faults[0];
  if (first === undefined) return undefined;
  const error = { code: first.code, detail: first.detail, faults };
  if (first.code !== 'not_nfc') return error;
  const name = namesOf(content).find(([pointer]) => pointer === first.pointer)?.[1] ?? '';
  return { ...error, extra: { nfc: name.normalize('NFC') } };
}
