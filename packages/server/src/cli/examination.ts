/** The doctor's checks of this machine, with the options of a command. */
import type { CheckResult } from '../ops/doctor/check.js';
import { examine } from '../ops/doctor/doctor.js';
import type { Session } from './session.js';

const answerMsMax = 3_000;

export const examination = (session: Session): Promise<readonly CheckResult[]> => {
  const { io, directories, url } = session;
  return examine({
    disk: io.disk,
    clock: io.clock,
    random: io.random,
    ...directories,
    url,
    nodeVersion: io.nodeVersion,
    get: async (address) => {
      try {
        const response = await io.fetch(address, { signal: AbortSignal.timeout(answerMsMax) });
        return { status: response.status, text: await response.text() };
      } catch {
        return undefined;
      }
    },
  });
};
