import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nginxConf, startNginx } from '../../support/nginx.js';
import { freePort } from '../../support/server_process.js';
import type { Scene } from '../scene.js';
import { filled } from './database.js';
import type { Troubles } from './trouble.js';

const missing = async (): Promise<string | undefined> => {
  const wanted = [
    ['nginx', '-v'],
    ['openssl', 'version'],
  ] as const;
  const absent = wanted.filter(([name, flag]) => spawnSync(name, [flag]).status !== 0);
  return absent.length === 0 ? undefined : `needs ${absent.map(([name]) => name).join(' and ')}`;
};

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority and a certificate by it that is good for so many days from now on. */
const certify = async (directory: string, days: number): Promise<void> => {
  await mkdir(directory, { recursive: true });
  const openssl = (...words: readonly string[]): void =>
    void execFileSync('openssl', words, { cwd: directory, stdio: 'ignore' });
  const authority = ['-keyout', 'ca.key.pem', '-out', 'ca.pem', '-subj', '/CN=our authority'];
  openssl('req', '-x509', '-days', '2', ...ecKey, ...authority);
  const name = ['-subj', '/CN=claims.example.org'];
  openssl('req', '-new', ...ecKey, '-keyout', 'privkey.pem', '-out', 'first.csr', ...name);
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key.pem', '-CAcreateserial'];
  const words = ['-in', 'first.csr', '-days', String(days), ...signer, '-out', 'fullchain.pem'];
  openssl('x509', '-req', ...words);
};

const proxied = (directory: string, port: number, serverPort: number): string =>
  `server {
    listen 127.0.0.1:${port} ssl;
    server_name claims.example.org;
    ssl_certificate ${directory}/fullchain.pem;
    ssl_certificate_key ${directory}/privkey.pem;
    location / {
      proxy_pass http://127.0.0.1:${serverPort};
      proxy_set_header Host 127.0.0.1:${serverPort};
    }
  }`;

/** A proxy with TLS in front of the server, whose name leads to it for the reader's programs. */
const startProxy = async (scene: Scene): Promise<void> => {
  const directory = scene.path('/etc/ssl/stemedb');
  const port = await freePort();
  const file = join(directory, 'nginx.conf');
  await writeFile(file, nginxConf(directory, proxied(directory, port, scene.port)));
  const proxy = await startNginx(['-c', file], port);
  scene.atEnd(async () => void proxy.kill('SIGTERM'));
  scene.services.set('nginx', async (verb) => {
    assert.equal(verb, 'reload');
    proxy.kill('SIGHUP');
    await sleep(1000);
  });
  scene.replaced.set('-connect claims.example.org:443', `-connect 127.0.0.1:${port}`);
  await writeFile(
    scene.path('/.curlrc'),
    `connect-to = "claims.example.org:443:127.0.0.1:${port}"\n`,
  );
};

const shownIsExpired = async (scene: Scene): Promise<void> => {
  const said = await scene.run(
    'curl -sS --cacert /etc/ssl/stemedb/ca.pem https://claims.example.org/v1/health',
  );
  assert.notEqual(said.exit, 0, said.output);
};

export const certificateTroubles: Troubles = {
  'The certificate was not renewed': {
    missing,
    make: async (scene) => {
      await filled(scene);
      await certify(scene.path('/etc/ssl/stemedb'), 0);
      await startProxy(scene);
      await sleep(1500);
      await shownIsExpired(scene);
    },
  },
  'The proxy was not told of the new one': {
    missing,
    make: async (scene) => {
      await filled(scene);
      const directory = scene.path('/etc/ssl/stemedb');
      await certify(directory, 0);
      await startProxy(scene);
      await sleep(1500);
      await shownIsExpired(scene);
      const renew = ['-req', '-in', 'renewed.csr', '-days', '90', '-copy_extensions', 'copy'];
      const name = ['-subj', '/CN=claims.example.org'];
      const san = ['-addext', 'subjectAltName=DNS:claims.example.org'];
      const key = ['-key', 'privkey.pem', '-out', 'renewed.csr'];
      execFileSync('openssl', ['req', '-new', ...key, ...name, ...san], { cwd: directory });
      const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key.pem', '-CAcreateserial'];
      const words = ['x509', ...renew, ...signer, '-out', 'fullchain.pem'];
      execFileSync('openssl', words, { cwd: directory, stdio: 'ignore' });
    },
  },
};
