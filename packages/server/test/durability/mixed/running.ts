/** A real server with a ledger beside it: started, written to, and looked at after its fall. */
import type { Seeded } from '../../support/seeded.js';
import { type ServerOptions, ServerProcess } from '../../support/server_process.js';
import { Wire } from '../../support/wire.js';
import { areDuplicates, countsAgree, samplesVerify } from './checks.js';
import type { Ledger } from './ledger.js';
import { MixedLoad } from './load.js';

/** A start that takes longer hangs; how long starts take is never judged. */
const patienceMs = 120_000;

const connectionsMax = 10;

export interface Running {
  readonly server: ServerProcess;
  readonly wire: Wire;
  readonly readyMs: number;
}

export const startRunning = async (options: ServerOptions = {}): Promise<Running> => {
  const startedMs = performance.now();
  const server = await ServerProcess.spawn(options);
  try {
    await server.ready(patienceMs);
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  }
  const readyMs = performance.now() - startedMs;
  return { server, wire: new Wire(server.url, connectionsMax), readyMs };
};

/** Mixed writes to a server. */
export const loadOn = async (
  { server, wire }: Running,
  ledger: Ledger,
  random: Seeded,
): Promise<MixedLoad> => {
  const { agent_id: node } = (await server.get('/v1/health')).body as { agent_id: string };
  return new MixedLoad(wire, ledger, random, node);
};

/** After a restart: what was acknowledged is there once, provably, and nothing was invented. */
export const holdsLedger = async (
  { wire }: Running,
  ledger: Ledger,
  random: Seeded,
  samples = 8,
): Promise<void> => {
  await countsAgree(wire, ledger);
  await areDuplicates(wire, ledger.takeRound());
  if (ledger.acknowledged.length > 0) await samplesVerify(wire, ledger, random, samples);
};
