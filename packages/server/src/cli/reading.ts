/** Options of the commands that read as of a moment, and in pages. */
import type { PageOptions, ReadOptions } from '@stemedb/client';
import type { Command } from 'commander';
import { given, wholeNumber } from './command.js';

export interface MomentOptions {
  readonly asOf?: string;
  readonly minPosition?: string;
}

export interface PageChoice extends MomentOptions {
  readonly limit?: number;
  readonly cursor?: string;
}

/** The server's bound for one page. */
export const pageMax = 1_000;

export const withMoment = (command: Command): Command =>
  command
    .option('--as-of <time>', 'as it was known then: RFC 3339, milliseconds or a stamp')
    .option('--min-position <position>', 'wait until the node has reached it');

export const withPage = (command: Command): Command =>
  withMoment(command)
    .option(
      '--limit <number>',
      `of one page, up to ${pageMax} (default: 100)`,
      wholeNumber(1, pageMax),
    )
    .option('--cursor <cursor>', 'go on where the last page ended');

export const momentOf = ({ asOf, minPosition }: MomentOptions): ReadOptions =>
  given({ asOf, minPosition });

export const pageOf = ({ limit, cursor, ...moment }: PageChoice): PageOptions => ({
  ...momentOf(moment),
  ...given({ limit, cursor }),
});
