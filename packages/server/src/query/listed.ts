/** A record as lists and readings of one show it: what it says, and whether it has an effect. */
import type { Ed25519Verify, ListedRecord, RecordId, StatedRecord } from '@stemedb/model';
import { attestedKind, kindOfNumber } from '@stemedb/model';
import type { Reading } from './readings.js';
import { taintedOut } from './taints.js';

/** The rule that keeps an attestation from proving anything: it is one for another kind. */
const attestationRule = (
  { snapshot, moment }: Reading,
  record: StatedRecord['record'],
  verify: Ed25519Verify,
): string | undefined => {
  if (record.kind !== 'attestation') return undefined;
  const place = snapshot.place(record.target);
  if (place === undefined || place.stamp > moment.stamp) {
    return `There is no record ${record.target} here yet.`;
  }
  const kind = kindOfNumber(place.kind);
  const signed = attestedKind(record, verify);
  if (kind === undefined || kind === signed) return undefined;
  return `It is a signature for a record of kind "${signed}", and its target is of "${kind}".`;
};

const policyRule = ({ policy }: Reading, id: RecordId): string | undefined =>
  policy.id === id ? undefined : `The policy in force at this moment is ${policy.id}.`;

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The rules that keep records from having an effect, each as a sentence. */
const rulesAgainst = async (
  reading: Reading,
  records: readonly StatedRecord[],
  verify: Ed25519Verify,
): Promise<ReadonlyMap<RecordId, string>> => {
  const { rules, moment } = reading;
  const against = new Map<RecordId, string>();
  const direct = records.filter(({ record }) => record.kind === 'source').map(({ id }) => id);
  const taints = await rules.taint?.tainted(direct, moment.stamp);
  for (const { id, record } of records) {
    const out = taintedOut(taints?.get(id));
    const rule =
      out === undefined
        ? (rules.withoutEffect(id) ??
          attestationRule(reading, record, verify) ??
          (record.kind === 'policy' ? policyRule(reading, id) : undefined))
        : sentence(out);
    if (rule !== undefined) against.set(id, rule);
    await reading.pace.spend(1);
  }
  return against;
};

/** The records with their effect at the reading's moment, in the same order. */
export const asListed = async (
  reading: Reading,
  records: readonly StatedRecord[],
  verify: Ed25519Verify,
): Promise<readonly ListedRecord[]> => {
  const against = await rulesAgainst(reading, records, verify);
  return records.map((stated) => {
    const rule = against.get(stated.id);
    return rule === undefined
      ? { ...stated, effective: true }
      : { ...stated, effective: false, not_effective: rule };
  });
};
