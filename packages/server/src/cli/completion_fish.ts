/** The script for fish, which knows conditions for each offer instead of one function for all. */
import type { CompletedCommand, CompletedOption, Completion } from './completion.js';

const fishText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const fishValue = (option: CompletedOption): string => {
  switch (option.value?.kind) {
    case undefined:
      return '';
    case 'words':
      return ` -x -a ${fishText(option.value.words.join(' '))}`;
    case 'files':
      return ' -r -F';
    case 'directories':
      return " -x -a '(__fish_complete_directories)'";
    case 'nothing':
      return ' -x';
  }
};

const fishArgument = (offer: CompletedCommand['argument']): string | undefined => {
  if (offer.kind === 'words') return `-a ${fishText(offer.words.join(' '))}`;
  if (offer.kind === 'files') return '-F';
  return offer.kind === 'directories' ? "-a '(__fish_complete_directories)'" : undefined;
};

/** The words of the line that name the command, as a function that conditions ask. */
const fishChain = ({ program, commands }: Completion): readonly string[] => {
  const cases = commands.flatMap((command) => [
    ...command.children.map(({ name }) => {
      const chain = command.chain === '' ? name : `${command.chain} ${name}`;
      const line = fishText(`${command.chain} ${name}`);
      return `            case ${line}\n                set chain ${fishText(chain)}`;
    }),
    ...command.options
      .filter(({ value }) => value !== undefined)
      .map(({ names }) => {
        const keys = names.map((name) => fishText(`${command.chain} ${name}`));
        return `            case ${keys.join(' ')}\n                set skip 1`;
      }),
  ]);
  return [
    `function __${program}_chain`,
    "    set -l chain ''",
    '    set -l skip 0',
    '    for word in (commandline -opc)[2..-1]',
    '        if test $skip = 1',
    '            set skip 0',
    '            continue',
    '        end',
    '        switch "$chain $word"',
    ...cases,
    '        end',
    '    end',
    '    test "$chain" = "$argv[1]"',
    'end',
  ];
};

export const fishScript = (completion: Completion): string => {
  const { program, commands } = completion;
  const lines = commands.flatMap((command) => {
    const isHere = `__${program}_chain ${fishText(command.chain)}`;
    const condition = `complete -c ${program} -n ${fishText(isHere)}`;
    const argument = fishArgument(command.argument);
    return [
      ...command.children.map(
        ({ name, description }) => `${condition} -a ${name} -d ${fishText(description)}`,
      ),
      ...command.options.map((option) => {
        const flags = option.names.map((name) =>
          name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
        );
        const text = fishText(option.description);
        return `${condition} ${flags.join(' ')} -d ${text}${fishValue(option)}`;
      }),
      ...(argument === undefined ? [] : [`${condition} ${argument}`]),
    ];
  });
  return [
    `# Completion of ${program} for fish; made by \`${program} completion fish\`.`,
    ...fishChain(completion),
    `complete -c ${program} -f`,
    ...lines,
    '',
  ].join('\n');
};
