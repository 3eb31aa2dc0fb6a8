/** `stemedb trust`: how far an agent is trusted, and by which verdicts. */

import { counted, numberCell, shortId } from '../cells.js';
import { agentId, type Register } from '../command.js';
import { type MomentOptions, momentOf, withMoment } from '../reading.js';
import type { Session } from '../session.js';

const trust = async (
  session: Session,
  agent: string,
  options: MomentOptions,
): Promise<undefined> => {
  const { report } = session;
  const answer = await session.client().trust(agent, momentOf(options));
  if (report.options.json) return void (await report.json(answer));
  if (report.options.quiet) return void (await report.line(String(answer.trust)));
  await report.line(
    `trust ${numberCell(answer.trust)} after ${counted(answer.verdicts, 'verdict')}`,
  );
  if (answer.steps.length > 0) {
    const rows = answer.steps.map((step) => [
      step.effective_time,
      step.outcome,
      numberCell(step.trust),
      step.target,
      shortId(step.verdict),
    ]);
    await report.table(['when', 'outcome', 'trust then', 'claim', 'verdict'], rows);
  }
  await report.note(`as of ${answer.as_of}, stamp ${answer.as_of_stamp}`);
};

export const registerTrust: Register = (program, run) => {
  withMoment(
    program
      .command('trust')
      .description('show the trust in an agent, and the verdicts behind it')
      .argument('<agent>', 'id of the agent', agentId),
  ).action((agent: string, options: MomentOptions, command) =>
    run(command, (session) => trust(session, agent, options)),
  );
};
