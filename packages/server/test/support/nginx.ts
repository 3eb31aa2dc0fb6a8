/** nginx as a child of a test, with every file that it writes below one directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** nginx.conf around what serves, as a distribution has one. */
export const nginxConf = (directory: string, servers: string): string => `
user root;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ${servers}
}
`;

const listens = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1');
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
};

/** Starts it with these words; resolves when it listens on the port. */
export const startNginx = async (words: readonly string[], port: number): Promise<ChildProcess> => {
  const foreground = ['-g', 'daemon off;'];
  const child = spawn('nginx', [...words, ...foreground], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-10_000);
  });
  const deadline = performance.now() + 120_000;
  while (!(await listens(port))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`nginx does not listen:\n${said}`);
    }
    await sleep(50);
  }
  return child;
};
