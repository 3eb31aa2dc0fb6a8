/**
 * Which file makes which commands. A command loads its own file and what that needs; help and
 * whatever is no command load them all. Most commands only ask a server, and the half second that
 * all the others take to load would be most of their time.
 */
import type { Register } from './command.js';

interface CommandFile {
  readonly commands: readonly string[];
  readonly load: () => Promise<Register>;
  /** It tells of all commands. */
  readonly needsAll?: true;
}

/** In the order of the help. */
export const commandFiles: readonly CommandFile[] = [
  {
    commands: ['assert'],
    load: async () => (await import('./commands/assert.js')).registerAssert,
  },
  {
    commands: ['source'],
    load: async () => (await import('./commands/source.js')).registerSource,
  },
  {
    commands: ['query', 'skeptic', 'layered', 'constraints'],
    load: async () => (await import('./commands/query.js')).registerQuery,
  },
  {
    commands: ['show'],
    load: async () => (await import('./commands/show.js')).registerShow,
  },
  {
    commands: ['list'],
    load: async () => (await import('./commands/list.js')).registerList,
  },
  {
    commands: ['sign'],
    load: async () => (await import('./commands/sign.js')).registerSign,
  },
  {
    commands: ['vote'],
    load: async () => (await import('./commands/vote.js')).registerVote,
  },
  {
    commands: ['verdict'],
    load: async () => (await import('./commands/verdict.js')).registerVerdict,
  },
  {
    commands: ['supersede'],
    load: async () => (await import('./commands/supersede.js')).registerSupersede,
  },
  {
    commands: ['impact', 'retract-source'],
    load: async () => (await import('./commands/impact.js')).registerImpact,
  },
  {
    commands: ['epoch'],
    load: async () => (await import('./commands/epoch.js')).registerEpoch,
  },
  {
    commands: ['alias'],
    load: async () => (await import('./commands/alias.js')).registerAlias,
  },
  {
    commands: ['trust'],
    load: async () => (await import('./commands/trust.js')).registerTrust,
  },
  {
    commands: ['tail'],
    load: async () => (await import('./commands/tail.js')).registerTail,
  },
  {
    commands: ['trace'],
    load: async () => (await import('./commands/trace.js')).registerTrace,
  },
  {
    commands: ['import'],
    load: async () => (await import('./commands/import.js')).registerImport,
  },
  {
    commands: ['export'],
    load: async () => (await import('./commands/export.js')).registerExport,
  },
  {
    commands: ['backup'],
    load: async () => (await import('./commands/backup.js')).registerBackup,
  },
  {
    commands: ['repair'],
    load: async () => (await import('./commands/repair.js')).registerRepair,
  },
  {
    commands: ['archive'],
    load: async () => (await import('./commands/archive.js')).registerArchive,
  },
  {
    commands: ['restore'],
    load: async () => (await import('./commands/restore.js')).registerRestore,
  },
  {
    commands: ['verify'],
    load: async () => (await import('./commands/verify.js')).registerVerify,
  },
  {
    commands: ['checkpoint'],
    load: async () => (await import('./commands/checkpoint.js')).registerCheckpoint,
  },
  {
    commands: ['prove'],
    load: async () => (await import('./commands/prove.js')).registerProve,
  },
  {
    commands: ['rebuild'],
    load: async () => (await import('./commands/rebuild.js')).registerRebuild,
  },
  {
    commands: ['drill'],
    load: async () => (await import('./commands/drill.js')).registerDrill,
  },
  {
    commands: ['doctor'],
    load: async () => (await import('./commands/doctor.js')).registerDoctor,
  },
  {
    commands: ['identity'],
    load: async () => (await import('./commands/identity.js')).registerIdentity,
  },
  {
    commands: ['keys'],
    load: async () => (await import('./commands/keys.js')).registerKeys,
  },
  {
    commands: ['config'],
    load: async () => (await import('./commands/config.js')).registerConfig,
  },
  {
    commands: ['size'],
    load: async () => (await import('./commands/size.js')).registerSize,
  },
  {
    commands: ['pilot-check'],
    load: async () => (await import('./commands/pilot_check.js')).registerPilotCheck,
  },
  {
    commands: ['completion'],
    load: async () => (await import('./commands/completion.js')).registerCompletion,
    needsAll: true,
  },
  {
    commands: ['demo'],
    load: async () => (await import('./commands/demo.js')).registerDemo,
  },
];

/** What makes the command of this name, or all of them where there is none of it. */
export const registersFor = (name: string | undefined): Promise<readonly Register[]> => {
  const own = commandFiles.find(({ commands }) => name !== undefined && commands.includes(name));
  const files = own === undefined || own.needsAll === true ? commandFiles : [own];
  return Promise.all(files.map(({ load }) => load()));
};
