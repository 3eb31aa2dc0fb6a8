/** Faults of the impact of a retraction, which comparing it with the retraction must find. */
import type { PlantedFault } from './faults.js';

export const impactFaults: readonly PlantedFault[] = [
  {
    name: 'impact overlooks claims that are derived',
    file: 'query/dependants.js',
    from: "yield* snapshot.dependants(id, 'derived_from');",
    to: '',
    seeds: 4,
  },
  {
    name: 'impact overlooks claims in another state',
    file: 'query/dependants.js',
    from: "snapshot.dependants(id, 'parent')",
    to: '[]',
    seeds: 16,
  },
  {
    name: 'impact overlooks concepts that aliases join',
    file: 'query/affected.js',
    from: 'rules.joinedDirectly(path)',
    to: '[]',
    seeds: 8,
  },
];
