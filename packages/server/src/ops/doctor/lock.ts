/** Is the data directory free? */
import { tryLockDirectory } from '../../log/directory.js';
import { bad, type Check, good } from './check.js';

export const checkLock: Check = async ({ disk, walDir }) => {
  const name = 'lock';
  if (!(await disk.exists(walDir))) return [good(name, `${walDir} is not there yet`)];
  const held = await tryLockDirectory(disk, walDir);
  if (held !== undefined) {
    await held.release();
    return [good(name, `${walDir} is free`)];
  }
  const advice = 'Only one process may use a data directory; this is fine when it is your server.';
  return [bad(name, 'warn', `another process uses ${walDir}`, advice)];
};
