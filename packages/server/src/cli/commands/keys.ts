/** `stemedb keys generate`: a new agent, as a key file that only its owner can read. */
import { formatKeyFile, parseKeyFile } from '@stemedb/client';
import type { Register } from '../command.js';
import { CommandError } from '../report.js';
import { type Session, unwrap } from '../session.js';

interface GenerateOptions {
  readonly out: string;
}

const ownerOnly = 0o600;
const seedBytes = 32;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';

const generate = async (session: Session, { out }: GenerateOptions): Promise<undefined> => {
  const { io, report } = session;
  const text = formatKeyFile(io.random.bytes(seedBytes));
  const { agentId } = unwrap(parseKeyFile(text));
  try {
    const sink = await io.files.create(out, ownerOnly);
    try {
      await sink.write(text);
      await sink.close();
    } catch (error) {
      await sink.discard().catch(() => undefined);
      throw error;
    }
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') {
      const detail = `${out} is there already; name another file with --out.`;
      throw new CommandError({ code: 'conflict', detail, cause });
    }
    const detail = `The key file ${out} cannot be made: ${codeOf(cause)}.`;
    throw new CommandError({ code: 'data_directory_unwritable', detail, cause });
  }
  if (report.options.json) return void (await report.json({ agent_id: agentId, file: out }));
  await report.line(agentId);
  await report.note(`Its secret is in ${out}, which only you can read. There is no other copy.`);
};

export const registerKeys: Register = (program, run) => {
  const keys = program.command('keys').description('keys of agents');
  keys
    .command('generate')
    .description('make a new agent key')
    .option('-o, --out <file>', 'file to make; must not exist', 'agent.key.json')
    .action((options: GenerateOptions, command) =>
      run(command, (session) => generate(session, options)),
    );
};
