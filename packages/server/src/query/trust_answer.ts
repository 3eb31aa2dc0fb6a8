/** The trust in one agent at a moment, with the verdicts behind it. */
import type { AgentId, TrustAnswer } from '@stemedb/model';
import { formatTime } from '@stemedb/model';
import { fromNano } from '../lens/arithmetic.js';
import type { Reading } from './readings.js';

/** Steps that one answer lists, the last ones. */
const listedStepsMax = 100;

export const trustAnswerOf = ({ rules, moment }: Reading, agent: AgentId): TrustAnswer => {
  const steps = rules.trustSteps(agent);
  return {
    agent_id: agent,
    as_of: formatTime(moment.ms),
    as_of_stamp: moment.stamp,
    trust: fromNano(rules.trustOf(agent)),
    verdicts: steps.length,
    steps: steps.slice(-listedStepsMax).map(({ verdict, target, outcome, effectiveMs, trust }) => ({
      verdict,
      target,
      outcome,
      effective_time: formatTime(effectiveMs),
      trust: fromNano(trust),
    })),
  };
};
