/** nginx with our configuration in front of real servers, and a caller that speaks TLS to it. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { nginxConf, startNginx } from '../support/nginx.js';
import { freePort } from '../support/server_process.js';
import { root } from './release.js';

export const publicName = 'claims.example.org';

/** A certificate for the public name, by an authority that nobody else knows: itself. */
function makeCertificate(directory: string): void {
  const files = ['-keyout', join(directory, 'privkey.pem'), '-out', join(directory, 'chain.pem')];
  const name = ['-subj', `/CN=${publicName}`, '-addext', `subjectAltName=DNS:${publicName}`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const words = ['req', '-x509', '-days', '2', ...kind, ...files, ...name];
  execFileSync('openssl', words, { stdio: 'ignore' });
}

/** What differs on this machine: ports, the certificate, and the nodes behind. */
async function ourConfiguration(
  directory: string,
  ports: { readonly https: number; readonly http: number },
  nodes: readonly string[],
): Promise<string> {
  const written = await readFile(join(root, 'deploy/nginx/stemedb.conf'), 'utf8');
  const lines = nodes.map((node) => `server ${node} weight=1`);
  return (
    written
      // So that a test need not wait for a node to be tried again.
      .replace('fail_timeout=15s', 'fail_timeout=1s')
      .replaceAll('listen 443', `listen 127.0.0.1:${ports.https}`)
      .replace('listen 80', `listen 127.0.0.1:${ports.http}`)
      .replace('/etc/ssl/stemedb/fullchain.pem', join(directory, 'chain.pem'))
      .replace('/etc/ssl/stemedb/privkey.pem', join(directory, 'privkey.pem'))
      .replace(/server 127\.0\.0\.1:18180 weight=1([^;]*);/, (_line, rest: string) =>
        lines.map((line) => `${line}${rest};`).join('\n'),
      )
  );
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | NodeJS.ReadableStream;
  /** The name that the caller asks for. */
  readonly host?: string;
  /** Called when the answer begins. */
  readonly onAnswer?: () => void;
}

export class FrontNginx {
  readonly directory: string;
  readonly httpPort: number;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #agent = new Agent({ keepAlive: true });

  private constructor(directory: string, ports: { https: number; http: number }) {
    this.directory = directory;
    this.#port = ports.https;
    this.httpPort = ports.http;
  }

  /** Writes the configuration for these nodes, each `host:port`, and starts nothing. */
  static async prepare(nodes: readonly string[]): Promise<FrontNginx> {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-nginx-'));
    const ports = { https: await freePort(), http: await freePort() };
    makeCertificate(directory);
    await mkdir(join(directory, 'logs'));
    const conf = join(directory, 'stemedb.conf');
    await writeFile(conf, await ourConfiguration(directory, ports, nodes));
    await writeFile(join(directory, 'nginx.conf'), nginxConf(directory, `include ${conf};`));
    return new FrontNginx(directory, ports);
  }

  /** The words that make nginx read this configuration. */
  get words(): readonly string[] {
    return ['-p', this.directory, '-c', join(this.directory, 'nginx.conf'), '-e', 'stderr'];
  }

  async start(): Promise<void> {
    this.#child = await startNginx(this.words, this.#port);
    const ca = await readFile(join(this.directory, 'chain.pem'));
    this.#agent = new Agent({ keepAlive: true, ca, servername: publicName });
  }

  /** One request over TLS; rejects when no whole answer comes. */
  async call(path: string, options: Call = {}): Promise<Answer> {
    const { method = 'GET', headers = {}, body, host = publicName, onAnswer } = options;
    const sent = request({
      host: '127.0.0.1',
      port: this.#port,
      path,
      method,
      agent: this.#agent,
      headers: { host, ...headers },
    });
    const answered = once(sent, 'response') as Promise<[import('node:http').IncomingMessage]>;
    if (body === undefined || typeof body === 'string') sent.end(body);
    else body.pipe(sent);
    const [answer] = await answered;
    onAnswer?.();
    return { status: answer.statusCode ?? 0, body: await text(answer) };
  }

  /** What comes as events, until it has the text; `onOpen` is called when the answer has begun. */
  async readUntil(path: string, text: string, onOpen: () => void): Promise<string> {
    const place = { host: '127.0.0.1', port: this.#port, path, agent: this.#agent };
    const headers = { host: publicName, accept: 'text/event-stream' };
    const signal = AbortSignal.timeout(60_000);
    const sent = request({ ...place, headers, signal }).end();
    const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    onOpen();
    let read = '';
    for await (const chunk of answer) {
      read += chunk;
      if (read.includes(text)) break;
    }
    return read;
  }

  async end(): Promise<void> {
    this.#agent.destroy();
    if (this.#child !== undefined && this.#child.exitCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await gone;
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}
