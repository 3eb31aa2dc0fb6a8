// Systems that do the same work take turns, round by round, so that a machine that drifts hits
// all of them; each figure is the median of the rounds.

import { rmSync } from 'node:fs';
import { summary } from './statistics.mjs';

/**
 * Measures works `{name, connections, prepare?, systems, peersOf?}`. `systems` maps a system's name
 * to a function that does the work, given what `prepare` made for this turn.
 */
export async function measureWorks(run, works) {
  const rows = works.map(({ name, connections, peersOf, systems }) => {
    const results = Object.fromEntries(Object.keys(systems).map((system) => [system, []]));
    return { work: name, connections, peersOf, results };
  });
  for (let round = 1; round <= run.plan.rounds; round += 1) {
    for (const [at, work] of works.entries()) {
      if (run.secondsLeft() < 0) {
        run.note(`out of time in round ${round} of ${run.plan.rounds}: the rest is left out`);
        return rows.map(summarized);
      }
      run.say(
        `round ${round} of ${run.plan.rounds}: ${work.name}, ${work.connections} connections`,
      );
      await takeTurns(run, work, round, rows[at].results);
    }
  }
  return rows.map(summarized);
}

async function takeTurns(run, { name, prepare, systems }, round, results) {
  const made = prepare?.();
  const turns = Object.entries(systems);
  if (round % 2 === 0) turns.reverse();
  for (const [system, measure] of turns) {
    const result = await run.attempt(`${name}, ${system},`, () => measure(made));
    if (result !== undefined) results[system].push(result);
  }
  if (typeof made === 'string') rmSync(made, { force: true });
}

function summarized({ results, ...row }) {
  const figures = Object.entries(results).map(([system, all]) => [system, summary(all)]);
  return { ...row, systems: Object.fromEntries(figures) };
}

/**
 * Rows with the figures of other systems that did the same in another work: PostgreSQL checks no
 * signature, so what it writes a second is the same beside both.
 */
export function withPeers(rows) {
  return rows.map(({ peersOf, ...row }) => {
    const others = rows.filter(({ work }) => work === peersOf);
    const other = others.find(({ connections }) => connections === row.connections) ?? others[0];
    return { ...row, systems: { ...other?.systems, ours: undefined, ...row.systems } };
  });
}
