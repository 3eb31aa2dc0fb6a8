/** `stemedb source`: register a source that claims may cite. */
import { given, type Register } from '../command.js';
import { type AuthorOptions, authorship, withAuthor, writeOne } from '../write.js';

interface SourceOptions extends AuthorOptions {
  readonly uri?: string;
  readonly contentHash?: string;
  readonly class?: string;
  readonly publishedAt?: string;
}

export const registerSource: Register = (program, run) => {
  withAuthor(
    program
      .command('source')
      .description('register a source that claims may cite (assert --source ID)')
      .argument('<title>', 'what it is called')
      .option('--uri <uri>', 'where it is; it is never fetched')
      .option('--content-hash <hash>', 'BLAKE3-256 of its bytes, 64 hex digits')
      .option('--class <class>', 'source class, such as clinical')
      .option('--published-at <time>', 'RFC 3339'),
  ).action((title: string, options: SourceOptions, command) => {
    const { uri, contentHash, publishedAt } = options;
    const input = {
      title,
      ...given({ uri, content_hash: contentHash, published_at: publishedAt }),
      ...given({ class: options.class }),
      ...authorship(options),
    };
    return run(command, (session) =>
      writeOne(session, options, (client) => client.registerSource(input)),
    );
  });
};
