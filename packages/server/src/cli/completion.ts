/**
 * What a shell may offer after each word of a command line, read from the commands themselves, and
 * the scripts that offer it. The scripts know everything: no key press starts this program.
 */
import type { Argument, Command, Option } from 'commander';

/** What stands behind an option, or in the place of an argument. */
type Offer =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'directories' }
  | { readonly kind: 'nothing' };

export interface CompletedOption {
  /** `--lens`, and `-l` where it has one. */
  readonly names: readonly string[];
  readonly description: string;
  /** What its value may be; undefined when it takes none. */
  readonly value: Offer | undefined;
}

/** One command, or the program itself, whose chain is empty. */
export interface CompletedCommand {
  /** Words that lead to it: `supersede replace`. */
  readonly chain: string;
  readonly children: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  readonly argument: Offer;
}

export interface Completion {
  readonly program: string;
  /** The program first, then every command in the order of its help. */
  readonly commands: readonly CompletedCommand[];
}

const offerOf = (name: string, choices: readonly string[] | undefined): Offer => {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (/^(file|place|copy|path)$/.test(name)) return { kind: 'files' };
  return /^(dir|directory)$/.test(name) ? { kind: 'directories' } : { kind: 'nothing' };
};

const optionOf = (option: Option): CompletedOption => {
  const names = [option.long, option.short].filter((name) => name !== undefined);
  const valueName = /[<[]([^\]>.]+)/.exec(option.flags)?.[1] ?? '';
  const takesValue = option.required || option.optional;
  const value = takesValue ? offerOf(valueName, option.argChoices) : undefined;
  return { names, description: option.description, value };
};

const argumentOf = (args: readonly Argument[]): Offer => {
  const offers = args.map((argument) => offerOf(argument.name(), argument.argChoices));
  const words = offers.flatMap((offer) => (offer.kind === 'words' ? offer.words : []));
  if (words.length > 0) return { kind: 'words', words };
  return offers.find(({ kind }) => kind !== 'nothing') ?? { kind: 'nothing' };
};

const commandsBelow = (command: Command, chain: readonly string[]): CompletedCommand[] => {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const own: CompletedCommand = {
    chain: chain.join(' '),
    children: children.map((child) => ({ name: child.name(), description: child.description() })),
    options: help.visibleOptions(command).map(optionOf),
    argument: argumentOf(command.registeredArguments),
  };
  const below = children
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => commandsBelow(child, [...chain, child.name()]));
  return [own, ...below];
};

/** What can be completed of a program; options of the program itself may stand anywhere. */
export const completionOf = (program: Command): Completion => {
  const [root, ...others] = commandsBelow(program, []);
  if (root === undefined) throw new Error('A program is a command.');
  const shared = root.options.filter(({ names }) => !names.includes('--version'));
  const isOwn = (command: CompletedCommand, option: CompletedOption): boolean =>
    command.options.some(({ names }) => names.some((name) => option.names.includes(name)));
  const commands = others.map((command) => ({
    ...command,
    options: [...command.options, ...shared.filter((option) => !isOwn(command, option))],
  }));
  return { program: program.name(), commands: [root, ...commands] };
};
