/** `stemedb completion`: a script that completes the words of this program in a shell. */
import { Argument } from 'commander';
import type { Register } from '../command.js';
import { completionOf } from '../completion.js';
import { completionScript, type Shell, shells } from '../completion_scripts.js';

export const registerCompletion: Register = (program, run) => {
  program
    .command('completion')
    .description('print a script that completes this program in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices([...shells]))
    .action((shell: Shell, _options: object, command) =>
      run(command, async ({ io }) => {
        await io.stdout.write(completionScript(shell, completionOf(program)));
        return 'ok';
      }),
    );
};
