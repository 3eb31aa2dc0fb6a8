/** A Debian with nothing on it but systemd, curl and Node.js, of the release that runs here. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The release and the mirror that this machine's own packages come from. */
const ownSource = async (): Promise<readonly [codename: string, mirror: string]> => {
  const about = await readFile('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(about)?.[1] ?? 'stable';
  const policy = execFileSync('apt-cache', ['policy'], { encoding: 'utf8' });
  const source = new RegExp(`\\d+ (http\\S+) ${codename}/main `).exec(policy);
  return [codename, source?.[1] ?? 'http://deb.debian.org/debian'];
};

/** Makes it with debootstrap in a folder of its own, which the value names. */
export const makeCleanDebian = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'stemedb-debian-'));
  const packages = '--include=systemd,systemd-sysv,curl';
  const [codename, mirror] = await ownSource();
  const words = ['--variant=minbase', packages, codename, folder, mirror];
  execFileSync('debootstrap', words, { stdio: 'ignore' });
  await copyFile(process.execPath, join(folder, 'usr/local/bin/node'));
  return folder;
};
