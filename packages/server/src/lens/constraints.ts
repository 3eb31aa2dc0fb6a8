/**
 * `constraints`: what must be used, is forbidden or is preferred for a concept, stated of it or of
 * one of its ancestors. Each pair is decided as `layered` decides it, so that a stranger's ban does
 * not outvote a regulator's demand; this lens only chooses the pairs.
 */
import { layered } from './layered.js';
import type { Lens } from './lens.js';

export const constraints: Lens = {
  ...layered,
  name: 'constraints',
  formula: `the rules of a concept and its ancestors, each as layered: ${layered.formula}`,
  collects: { predicatePrefixes: ['must_use:', 'forbidden:', 'prefer:'], ancestors: true },
};
