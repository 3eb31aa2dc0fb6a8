/** What a damaged copy has lost and what it still has, for people and for programs. */
import { formatTime, parseStamp, stampMs, zeroStamp } from '@stemedb/model';
import type { LostPart, SalvagePlan } from '../ops/salvage/plan.js';
import { escapeText } from './escape.js';
import { rangesText, shortened } from './show_repair.js';

/** All of it, with the names that programs read. */
export const jsonOfSalvage = (plan: SalvagePlan): object => ({
  name: plan.copy.facts.name,
  records: plan.records,
  kept: plan.copy.facts.records,
  root: plan.copy.facts.root,
  proof: plan.proof ?? null,
  damage: plan.damage,
  lost: plan.lost.map((part) => ({ ...part, before: part.before ?? null })),
  later: plan.later,
});

export const linesOfSalvage = (plan: SalvagePlan): readonly string[] => {
  const { damage, lost, later, proof } = plan;
  const { records: kept, root } = plan.copy.facts;
  return [
    ...shortened(damage.map(({ file, what }) => `${escapeText(file)}: ${escapeText(what)}`)),
    kept === 0
      ? 'No record stands in front of the damage.'
      : `Whole, in front of the damage: ${rangesText([{ from: 1, to: kept }])}, root ${root}.`,
    ...(kept === 0 ? [] : [proofText(proof, kept)]),
    ...shortened(lost.map(lostText)),
    ...(lost.length === 0 ? ['No record is known to be lost.'] : []),
    ...(later.length === 0 ? [] : [`Whole, behind damage: ${rangesText(later)}.`]),
  ];
};

const proofText = (proof: SalvagePlan['proof'], kept: number): string => {
  const apart = 'the hash of each object and the count speak for the rest';
  if (proof === undefined) return `No checkpoint covers them: ${apart}.`;
  const { where, size } = proof;
  const name = escapeText(where);
  if (size === kept) return `The checkpoint of ${name} was signed for exactly these.`;
  return `The checkpoint of ${name} was signed for the first ${size} of them; ${apart}.`;
};

const lostText = ({ from, to, after, before, files }: LostPart): string => {
  const until = before === undefined ? '' : ` and before ${timeOf(before)} (${before})`;
  const by = files.length === 0 ? '' : `, by ${files.map(escapeText).join(', ')}`;
  return `Lost: ${rangesText([{ from, to }])}, after ${timeOf(after)} (${after})${until}${by}.`;
};

const timeOf = (text: string): string => {
  const stamp = parseStamp(text);
  return stamp === undefined || stamp === zeroStamp ? 'the beginning' : formatTime(stampMs(stamp));
};
