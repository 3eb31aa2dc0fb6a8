/**
 * Scripts for the shells. In bash (4 and newer) and zsh one function follows the words of the line;
 * they differ in how they are told what to offer.
 */
import type { CompletedCommand, CompletedOption, Completion } from './completion.js';
import { fishScript } from './completion_fish.js';

/** A word in single quotes, for each of the three shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A variable of the shell. */
const variable = (name: string): string => `\${${name}}`;

const header = (program: string, shell: string): string =>
  `# Completion of ${program} for ${shell}; made by \`${program} completion ${shell}\`.`;

const optionNames = ({ options }: CompletedCommand): readonly string[] =>
  options.flatMap(({ names }) => names);

const keysOf = (command: CompletedCommand, { names }: CompletedOption): readonly string[] =>
  names.map((name) => quoted(`${command.chain} ${name}`));

/**
 * Follows the words before the cursor: `chain` becomes the command they name, `key` the option
 * whose value is being written, if any. The same text does in bash and zsh.
 */
const following = ({ commands }: Completion): string => {
  const cases = commands.flatMap((command) => [
    ...command.children.map(({ name }) => {
      const chain = command.chain === '' ? name : `${command.chain} ${name}`;
      return `      ${quoted(`${command.chain} ${name}`)}) chain=${quoted(chain)} ;;`;
    }),
    ...command.options
      .filter(({ value }) => value !== undefined)
      .map((option) => `      ${keysOf(command, option).join('|')}) key="$chain $word" ;;`),
  ]);
  return [
    '    if [ -n "$key" ]; then key=""; continue; fi',
    '    case "$chain $word" in',
    ...cases,
    '    esac',
  ].join('\n');
};

/** What each shell says for one kind of offer. */
interface Speech {
  readonly words: (words: readonly string[]) => string;
  readonly files: string;
  readonly directories: string;
}

const say = (speech: Speech, offer: CompletedCommand['argument']): string => {
  if (offer.kind === 'words') return speech.words(offer.words);
  if (offer.kind === 'nothing') return ':';
  return speech[offer.kind];
};

/** Values of options, then what a command itself takes. */
const valueCases = ({ commands }: Completion, speech: Speech): readonly string[] =>
  commands.flatMap((command) =>
    command.options.flatMap((option) =>
      option.value === undefined || option.value.kind === 'nothing'
        ? []
        : [`      ${keysOf(command, option).join('|')}) ${say(speech, option.value)} ;;`],
    ),
  );

const bashSpeech: Speech = {
  words: (words) => `words=${quoted(words.join(' '))}`,
  files: 'flags=-f',
  directories: 'flags=-d',
};

const bash = (completion: Completion): string => {
  const { program, commands } = completion;
  const argument = (command: CompletedCommand): string =>
    command.children.length > 0
      ? bashSpeech.words(command.children.map(({ name }) => name))
      : say(bashSpeech, command.argument);
  return [
    header(program, 'bash'),
    `_${program}() {`,
    `  local cur=${variable('COMP_WORDS[COMP_CWORD]')} chain="" key="" word="" words="" flags="" i`,
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    word=${variable('COMP_WORDS[i]')}`,
    following(completion),
    '  done',
    '  if [ -n "$key" ]; then',
    '    case "$key" in',
    ...valueCases(completion, bashSpeech),
    '    esac',
    '  elif [[ $cur == -* ]]; then',
    '    case "$chain" in',
    ...commands.map(
      (command) => `      ${quoted(command.chain)}) ${bashSpeech.words(optionNames(command))} ;;`,
    ),
    '    esac',
    '  else',
    '    case "$chain" in',
    ...commands.map((command) => `      ${quoted(command.chain)}) ${argument(command)} ;;`),
    '    esac',
    '  fi',
    '  COMPREPLY=()',
    '  if [ -n "$words" ]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"); fi',
    '  if [ -n "$flags" ]; then',
    '    compopt -o filenames 2>/dev/null',
    '    mapfile -t COMPREPLY < <(compgen "$flags" -- "$cur")',
    '  fi',
    '}',
    `complete -F _${program} ${program}`,
    '',
  ].join('\n');
};

/** `name:description`, as `_describe` reads it. */
const described = (name: string, description: string): string =>
  quoted(`${name.replaceAll(':', '\\:')}:${description}`);

const zshSpeech: Speech = {
  words: (words) => `compadd -- ${words.map(quoted).join(' ')}`,
  files: '_files',
  directories: '_files -/',
};

const zsh = (completion: Completion): string => {
  const { program, commands } = completion;
  const offered = (command: CompletedCommand): string => {
    if (command.children.length === 0) return say(zshSpeech, command.argument);
    const list = command.children.map(({ name, description }) => described(name, description));
    return `offers=(${list.join(' ')}); _describe command offers`;
  };
  const options = (command: CompletedCommand): string => {
    const list = command.options.flatMap(({ names, description }) =>
      names.map((name) => described(name, description)),
    );
    return `offers=(${list.join(' ')}); _describe -o option offers`;
  };
  return [
    `#compdef ${program}`,
    header(program, 'zsh'),
    `_${program}() {`,
    '  local chain="" key="" word="" i',
    '  local -a offers',
    '  for ((i = 2; i < CURRENT; i++)); do',
    `    word=${variable('words[i]')}`,
    following(completion),
    '  done',
    '  if [ -n "$key" ]; then',
    '    case "$key" in',
    ...valueCases(completion, zshSpeech),
    '    esac',
    `  elif [[ ${variable('words[CURRENT]')} == -* ]]; then`,
    '    case "$chain" in',
    ...commands.map((command) => `      ${quoted(command.chain)}) ${options(command)} ;;`),
    '    esac',
    '  else',
    '    case "$chain" in',
    ...commands.map((command) => `      ${quoted(command.chain)}) ${offered(command)} ;;`),
    '    esac',
    '  fi',
    '}',
    // Read by `source` it is registered; as a file of the function path zsh calls it itself.
    `if [ "$funcstack[1]" = "_${program}" ]; then _${program}`,
    `else compdef _${program} ${program}; fi`,
    '',
  ].join('\n');
};

export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

const scripts: { readonly [shell in Shell]: (completion: Completion) => string } = {
  bash,
  zsh,
  fish: fishScript,
};

/** The script that makes a shell complete this program. */
export const completionScript = (shell: Shell, completion: Completion): string =>
  scripts[shell](completion);
