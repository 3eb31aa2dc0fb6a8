/** Checks of the runtime: its version and the modules with native code. */
import { bad, type Check, type CheckResult, good } from './check.js';

const nodeMajorMin = 20;

export const checkNode: Check = async ({ nodeVersion }) => {
  const major = Number(nodeVersion.split('.')[0]);
  if (major >= nodeMajorMin) return [good('Node.js', `version ${nodeVersion}`)];
  const advice = `Install Node.js ${nodeMajorMin} or newer.`;
  return [bad('Node.js', 'fail', `version ${nodeVersion} is too old`, advice)];
};

const nativeModules: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['lmdb', () => import('lmdb')],
  ['sodium-native', () => import('sodium-native')],
  ['@node-rs/crc32', () => import('@node-rs/crc32')],
  ['fs-native-extensions', () => import('fs-native-extensions')],
];

export const checkModules: Check = async () => {
  const results: CheckResult[] = [];
  for (const [name, load] of nativeModules) {
    const title = `module ${name}`;
    try {
      await load();
      results.push(good(title, 'loads'));
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
      const advice = 'Run `npm ci` again on this machine; prebuilt code differs by platform.';
      results.push(bad(title, 'fail', `does not load: ${why}`, advice));
    }
  }
  return results;
};
