/** Checks of the clock and of the address that the server listens on. */
import { formatTime, parseJson } from '@stemedb/model';
import { bad, type Check, good } from './check.js';

/** No copy of this program is older. */
const earliestMs = Date.UTC(2024, 0, 1);
const latestMs = Date.UTC(2100, 0, 1);

export const checkClock: Check = async ({ clock }) => {
  const now = clock.wallMs();
  if (now >= earliestMs && now < latestMs) return [good('clock', formatTime(now))];
  const advice = 'Set the clock (for example with NTP): stamps never go back.';
  return [bad('clock', 'fail', `it is not the year ${new Date(now).getUTCFullYear()}`, advice)];
};

const isHealthAnswer = (text: string): boolean => {
  const parsed = parseJson(text);
  const value = parsed.ok ? parsed.value : null;
  return typeof value === 'object' && value !== null && 'assertion_count' in value;
};

export const checkAddress: Check = async ({ url, get }) => {
  const answer = await get(`${url}/v1/health`);
  if (answer === undefined) return [good('address', `${url}: nobody answers, so it is free`)];
  if (isHealthAnswer(answer.text)) return [good('address', `${url}: a StemeDB server answers`)];
  const advice = 'Stop the other program, or set STEMEDB_BIND_ADDR.';
  return [bad('address', 'warn', `${url}: another program answers (${answer.status})`, advice)];
};
