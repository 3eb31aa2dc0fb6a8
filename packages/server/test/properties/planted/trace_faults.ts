/** Faults of the trace, which holding it against the records must find. */
import type { PlantedFault } from './faults.js';

export const traceFaults: readonly PlantedFault[] = [
  {
    name: 'a trace shows what came after the moment',
    file: 'query/trace.js',
    from: 'if (place.stamp <= moment.stamp)',
    to: 'if (true)',
    seeds: 2,
  },
  {
    name: 'a trace leaves out claims in another state',
    file: 'query/trace.js',
    from: "'parent',",
    to: '',
    seeds: 2,
  },
  {
    name: 'a trace ends at its depth without saying so',
    file: 'query/trace.js',
    from: 'if (!this.found.has(one))\n                            this.cut.add(id);',
    to: '',
    seeds: 2,
  },
];
