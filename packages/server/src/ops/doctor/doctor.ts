/** All checks of the environment, in the order in which a person would look. */
import { diskErrorCode } from '../../io/disk.js';
import { bad, type Check, type CheckResult, type Surroundings } from './check.js';
import { checkDirectories, checkSync } from './directories.js';
import { checkLock } from './lock.js';
import { checkAddress, checkClock } from './network.js';
import { checkModules, checkNode } from './runtime.js';

const checks: Readonly<Record<string, Check>> = {
  'Node.js': checkNode,
  modules: checkModules,
  directories: checkDirectories,
  lock: checkLock,
  sync: checkSync,
  clock: checkClock,
  address: checkAddress,
};

/** Runs every check; one that breaks is itself a finding and does not hide the others. */
export const examine = async (surroundings: Surroundings): Promise<readonly CheckResult[]> => {
  const results: CheckResult[] = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      results.push(...(await check(surroundings)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const isDenied = ['EACCES', 'EPERM'].includes(diskErrorCode(error));
      results.push(
        isDenied
          ? bad(name, 'fail', why, 'Run it as the user of the server.')
          : bad(name, 'fail', `the check itself failed: ${why}`, 'Report this.'),
      );
    }
  }
  return results;
};
