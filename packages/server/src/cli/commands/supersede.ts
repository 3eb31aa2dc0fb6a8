/** `stemedb supersede`: replace, retract or restore a record. */
import type { SupersessionInput } from '@stemedb/client';
import type { Command } from 'commander';
import { given, type Register, recordId } from '../command.js';
import { authorship, type RealmOptions, withRealm, writeOne } from '../write.js';

interface SupersedeOptions extends RealmOptions {
  readonly reason: string;
}

type Action = SupersessionInput['action'];

export const registerSupersede: Register = (program, run) => {
  const supersede = program
    .command('supersede')
    .description('correct what was recorded: nothing is deleted, the answers change');
  const add = (action: Action, description: string): Command =>
    withRealm(
      supersede
        .command(action)
        .description(description)
        .argument('<target>', 'id of a claim, source, epoch, alias, vote or verdict', recordId)
        .requiredOption('--reason <text>', 'why; it stays beside the record'),
    );
  const act = (
    action: Action,
    [target, replacement]: readonly [string, string?],
    options: SupersedeOptions,
    command: Command,
  ): Promise<void> => {
    const { reason } = options;
    const input = { target, action, reason, ...given({ replacement }), ...authorship(options) };
    return run(command, (session) =>
      writeOne(session, options, (client) => client.supersede(input)),
    );
  };
  add('replace', 'put another record in its place')
    .argument('<replacement>', 'id of the record that takes its place', recordId)
    .action((target: string, replacement: string, options: SupersedeOptions, command) =>
      act('replace', [target, replacement], options, command),
    );
  add('retract', 'take it and what rests on it out of the answers').action(
    (target: string, options: SupersedeOptions, command) =>
      act('retract', [target], options, command),
  );
  add('restore', 'take back what superseded it').action(
    (target: string, options: SupersedeOptions, command) =>
      act('restore', [target], options, command),
  );
};
