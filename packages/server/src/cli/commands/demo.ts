/** `stemedb demo browser-compat`: loads real claims that disagree, and asks about them. */
import type { AssertionInput, StemeClient } from '@stemedb/client';
import { nodeCryptoSigner } from '@stemedb/client/node';
import {
  type DemoClient,
  type DemoOutput,
  openDataset,
  runDemo,
  type SignRecord,
} from '@stemedb/example-browser-compat';
import type { AgentId, SignatureHex } from '@stemedb/model';
import type { Register } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { startProgress } from '../progress.js';
import type { Session } from '../session.js';

/** The demo's signing with OpenSSL: some forty times faster than in pure JavaScript. */
const fastSign = (): SignRecord => {
  const signers = new Map<string, ReturnType<typeof nodeCryptoSigner>>();
  return (kind, target, seed) => {
    const name = Buffer.from(seed).toString('hex');
    const signer = signers.get(name) ?? nodeCryptoSigner(seed);
    signers.set(name, signer);
    return signer.sign(kind, target);
  };
};

interface Signed<T> {
  readonly content: T;
  readonly signatures: readonly {
    readonly agent_id: AgentId;
    readonly signature: SignatureHex;
  }[];
}

/** The content without what the call itself says, and with its signatures. */
const bodyOf = <T extends { kind: string; v: number }>({ content, signatures }: Signed<T>) => {
  const { kind, v, ...fields } = content;
  return { ...fields, signatures };
};

const demoClient = (client: StemeClient): DemoClient => ({
  putSource: ({ content, signature }) =>
    client.registerSource(
      bodyOf({ content, signatures: [{ agent_id: content.agent_id, signature }] }),
    ),
  sendClaims: async (claims, onProgress) => {
    function* bodies(): Generator<AssertionInput> {
      for (const claim of claims) yield bodyOf(claim);
    }
    const sent = await client.assertMany(bodies(), { onProgress });
    return { created: sent.created, duplicate: sent.duplicate + sent.kept, refused: sent.refused };
  },
  query: (question) => client.query(question),
});

const demoOutput = ({ io, report }: Session): DemoOutput => ({
  section: (title) => report.line(`\n${report.paint('bold', escapeText(title))}`),
  line: (text) => report.line(escapeText(text)),
  table: (head, rows) =>
    report.table(
      head.map(escapeText),
      rows.map((row) => row.map(escapeText)),
    ),
  progress: (title, total) => {
    const progress = startProgress(io, report.options, { title, total });
    return {
      update: (done) => progress.update(done, `${done} of ${total}`),
      stop: () => progress.stop(),
    };
  },
});

const silent: DemoOutput = {
  section: () => undefined,
  line: () => undefined,
  table: () => undefined,
  progress: () => ({ update: () => undefined, stop: () => undefined }),
};

const browserCompat = async (session: Session): Promise<ExitName> => {
  const { report, url } = session;
  const client = session.client();
  // Asked first: reading the packages takes seconds, and for nothing when no server is there.
  await client.health();
  const output = report.options.json || report.options.quiet ? silent : demoOutput(session);
  const dataset = openDataset(fastSign());
  const result = await runDemo(demoClient(client), output, { dataset, url });
  if (report.options.json) await report.json(result);
  return result.refused > 0 ? 'data' : 'ok';
};

export const registerDemo: Register = (program, run) => {
  program
    .command('demo')
    .description('demonstrations on real data')
    .command('browser-compat')
    .description('which browser supports what since when: three sources that contradict each other')
    .action((_options: object, command) => run(command, browserCompat));
};
