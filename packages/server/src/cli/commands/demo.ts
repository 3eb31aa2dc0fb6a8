/** `stemedb demo browser-compat`: loads real claims that disagree, and asks about them. */
import type { AssertionInput, StemeClient } from '@stemedb/client';
import { nodeCryptoSigner } from '@stemedb/client/node';
import {
  type DemoClient,
  type DemoOutput,
  openReleases,
  type Recorded,
  runDemo,
  type SignedRecord,
  type SignedStatement,
  type SignRecord,
} from '@stemedb/example-browser-compat';
import { given, type Register } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { startProgress } from '../progress.js';
import { pageMax } from '../reading.js';
import { isClientError } from '../report.js';
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

/** The content without what the call itself says, and with its signatures. */
const bodyOf = <Content extends { readonly kind: string; readonly v: number }>({
  content,
  signatures,
}: Pick<SignedRecord, 'signatures'> & { readonly content: Content }) => {
  const { kind, v, ...fields } = content;
  return { ...fields, signatures };
};

const putStatement = (client: StemeClient, record: SignedStatement): Promise<Recorded> => {
  const { content, signatures } = record;
  switch (content.kind) {
    case 'source':
      return client.registerSource(bodyOf({ content, signatures }));
    case 'epoch':
      return client.epoch(bodyOf({ content, signatures }));
    case 'supersession':
      return client.supersede(bodyOf({ content, signatures }));
  }
};

const demoClient = (client: StemeClient): DemoClient => ({
  put: (record) => putStatement(client, record),
  attempt: async (record) => {
    try {
      return await client.supersede(bodyOf(record));
    } catch (error) {
      if (isClientError(error) && error.status === 403) return error;
      throw error;
    }
  },
  retract: (record, ifPosition) => {
    const { target, action, replacement, ...body } = bodyOf(record);
    return client.retractSource(target, { ...body, ifPosition });
  },
  record: (id) => client.record(id),
  impact: (source, lens, asOf) =>
    client.impact(source, { lens, limit: pageMax, ...given({ asOf }) }),
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
  const sign = fastSign();
  const options = { releases: openReleases(sign), sign, url };
  const result = await runDemo(demoClient(client), output, options);
  if (report.options.json) await report.json(result);
  return result.refused > 0 || !result.secondAct.retraction.isExact ? 'data' : 'ok';
};

export const registerDemo: Register = (program, run) => {
  program
    .command('demo')
    .description('demonstrations on real data')
    .command('browser-compat')
    .description('which browser supports what since when: three sources that contradict each other')
    .action((_options: object, command) => run(command, browserCompat));
};
