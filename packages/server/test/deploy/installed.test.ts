/**
 * The installer and the units on a machine with a systemd of its own: installed, killed, upgraded,
 * misconfigured, rolled back, removed. The units run with all their restrictions, but for those
 * that the kernel of this run cannot give to anybody.
 */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../../src/cli/exit_codes.js';
import { makeCleanDebian } from './clean_debian.js';
import { Machine, noMachine } from './machine.js';
import { without } from './programs.js';
import { makeRelease, renameRelease } from './release.js';

const skip = noMachine();
const install = '/mnt/first/deploy/install.sh';
const claims = 'curl -sf http://127.0.0.1:18180/v1/query?concept_path=test/kept';
const state =
  '{"concept_path": "test/kept", "predicate": "is", "value": "here", "asserted_at": 1700000000000}';
const patienceMs = 120_000;

let machine: Machine;
let base: string | undefined;
let firstName = '';

/** What some kernels refuse, whoever asks: without it the unit could not even start. */
const optionalProtections = ['PrivateUsers', 'PrivateDevices'];

/** Takes from the units what the kernel cannot do; the value names it. */
async function leaveOutWhatCannotBe(): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const name of optionalProtections) {
    const unit = `[Service]\\nType=oneshot\\nExecStart=/bin/true\\n${name}=true\\n`;
    await machine.sh(`printf '${unit}' >/run/systemd/system/probe.service`);
    await machine.sh('systemctl daemon-reload');
    if ((await machine.run('systemctl', 'start', 'probe')).exit !== 0) refused.push(name);
  }
  const lines = ['[Service]', ...refused.map((name) => `${name}=false`), ''].join('\\n');
  // For every unit whose name begins with "stemedb-", and for the server.
  for (const folder of ['stemedb-.service.d', 'stemedb.service.d']) {
    await machine.sh(`mkdir -p /etc/systemd/system/${folder}`);
    await machine.sh(`printf '${lines}' >/etc/systemd/system/${folder}/kernel.conf`);
  }
  await machine.sh('rm /run/systemd/system/probe.service; systemctl daemon-reload');
  return refused;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      const { out } = await machine.run('journalctl', '-u', 'stemedb', '-n', '30', '--no-pager');
      assert.fail(`${what} did not come about:\n${out}`);
    }
    await sleep(200);
  }
}

const isReady = async (): Promise<boolean> =>
  (await machine.run('curl', '-sf', 'http://127.0.0.1:18180/v1/health/ready')).exit === 0;

const current = (): Promise<string> => machine.sh('readlink /opt/stemedb/current');

before(async () => {
  if (skip !== false) return;
  // Long runs begin with a Debian that has nothing of this machine; others lend its programs.
  if (process.env.STEMEDB_SOAK === '1' && without('debootstrap') === false) {
    base = await makeCleanDebian();
  }
  machine = await Machine.start(base);
  firstName = makeRelease(join(machine.shared, 'first'));
  await renameRelease(join(machine.shared, 'first'), join(machine.shared, 'second'), '0.1.0-next');
});

after(async () => {
  if (skip !== false) return;
  await machine.end();
  if (base !== undefined) await rm(base, { recursive: true, force: true });
});

test('a dry run changes nothing', { skip }, async () => {
  const said = await machine.sh(`${install} --dry-run`);
  assert.match(said, /would run: useradd/);
  assert.match(said, /would run: systemctl enable/);
  const made = await machine.sh('ls -d /opt/* /etc/stemedb /var/lib/stemedb 2>&1 || true');
  assert.doesNotMatch(made, /^\/(opt|etc|var)[^:]*$/m);
});

test('an installed server runs, restricted, and answers', { skip }, async (t) => {
  const refused = await leaveOutWhatCannotBe();
  if (refused.length > 0) t.diagnostic(`this kernel cannot do ${refused.join(' and ')}`);
  await machine.sh(`${install} 2>&1`);
  assert.equal((await current()).trim(), firstName);
  assert.equal(await machine.property('stemedb', 'ActiveState'), 'active');
  assert.equal(await machine.property('stemedb', 'User'), 'stemedb');
  await machine.sh('systemctl is-enabled stemedb');
  await machine.sh('systemd-analyze verify --man=no /usr/local/lib/systemd/system/stemedb*');
  const modes = await machine.sh('stat -c "%a %U %G" /etc/stemedb/stemedb.env /var/lib/stemedb');
  assert.equal(modes, '640 root stemedb\n750 stemedb stemedb\n');
  const pid = await machine.property('stemedb', 'MainPID');
  const status = await machine.sh(`cat /proc/${pid}/status`);
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(status, /^CapEff:\t0+$/m);
  assert.match(status, /^Seccomp:\t2$/m);
  const stated = await machine.sh(
    `curl -sf http://127.0.0.1:18180/v1/assert -H 'Content-Type: application/json' -d '${state}'`,
  );
  assert.match(stated, /"status":"created"/);
});

test('installing again changes nothing', { skip }, async () => {
  const pid = await machine.property('stemedb', 'MainPID');
  assert.match(await machine.sh(`${install} 2>&1`), /there is nothing to do/);
  assert.equal(await machine.property('stemedb', 'MainPID'), pid);
});

test('installing again starts the timers that do not run', { skip }, async () => {
  await machine.sh('systemctl stop stemedb-backup.timer stemedb-drill.timer');
  const pid = await machine.property('stemedb', 'MainPID');
  assert.match(await machine.sh(`${install} --no-start 2>&1`), /there is nothing to do/);
  assert.equal(await machine.property('stemedb-backup.timer', 'ActiveState'), 'inactive');
  const said = await machine.sh(`${install} 2>&1`);
  assert.deepEqual(said.match(/stemedb-\S+ did not run/g), [
    'stemedb-backup.timer did not run',
    'stemedb-drill.timer did not run',
  ]);
  await machine.sh('systemctl is-active stemedb-backup.timer stemedb-drill.timer');
  assert.match(await machine.sh(`${install} 2>&1`), /there is nothing to do/);
  assert.equal(await machine.property('stemedb', 'MainPID'), pid);
});

test('the command line knows the settings of the machine', { skip }, async () => {
  const config = await machine.sh('stemedb config check');
  assert.match(config, /\/var\/lib\/stemedb\/wal/);
  await machine.sh('su -s /bin/sh -c "stemedb verify" stemedb');
});

test('a killed server comes back with its claims', { skip }, async () => {
  const pid = await machine.property('stemedb', 'MainPID');
  await machine.sh('systemctl kill --signal=KILL stemedb');
  await until('a restart', async () => {
    const next = await machine.property('stemedb', 'MainPID');
    return next !== '0' && next !== pid && (await isReady());
  });
  assert.match(await machine.sh(claims), /"here"/);
});

test('the jobs of the timers do their work', { skip }, async () => {
  const listed = await machine.sh('systemctl list-unit-files "stemedb-*.timer" --no-legend');
  const jobs = [...listed.matchAll(/^(stemedb-[a-z-]+)\.timer +enabled/gm)].map(([, job]) => job);
  assert.equal(jobs.length, listed.trim().split('\n').length, listed);
  for (const job of jobs) {
    const { exit } = await machine.run('systemctl', 'start', `${job}.service`);
    const { out } = await machine.run('journalctl', '-u', `${job}.service`, '--no-pager');
    assert.equal(exit, 0, `${job}:\n${out}`);
  }
});

test('what the timers have kept is whole', { skip }, async () => {
  const kept = await machine.sh('ls /var/backups/stemedb');
  assert.match(kept, /^stemedb-backup-\d{8}-\d{6}/m);
  await machine.sh('su -s /bin/sh -c "stemedb verify /var/backups/stemedb" stemedb');
});

test('an archive follows the log until it is stopped', { skip }, async () => {
  await machine.sh('install -d -o stemedb -g stemedb /srv/stemedb');
  await machine.sh('echo STEMEDB_ARCHIVE_URL=/srv/stemedb/archive >>/etc/stemedb/stemedb.env');
  await machine.sh('systemctl start stemedb-archive');
  const status = 'su -s /bin/sh -c "stemedb archive --status" stemedb';
  await until('an archive', async () => (await machine.run('sh', '-c', status)).exit === 0);
  await machine.sh('su -s /bin/sh -c "stemedb verify /srv/stemedb/archive" stemedb');
  await machine.sh('systemctl start stemedb-verify-archive');
  await machine.sh('test -s /var/lib/stemedb/wal/operation-archive_verify.json');
  await machine.sh('systemctl stop stemedb-archive');
  assert.equal(await machine.property('stemedb-archive', 'Result'), 'success');
});

test('a stopped server ends in order and in time', { skip }, async () => {
  await machine.sh('systemctl stop stemedb');
  assert.equal(await machine.property('stemedb', 'Result'), 'success');
  assert.match(await machine.sh('journalctl -u stemedb -n 5 --no-pager'), /closed in order/);
});

test('an upgrade keeps changed settings and data, and can be undone', { skip }, async () => {
  await machine.sh('echo "STEMEDB_LOG_LEVEL=debug" >>/etc/stemedb/stemedb.env');
  // The copy shares its files with the first release, so it is written anew.
  const brought = '/mnt/second/deploy/systemd/stemedb.env';
  await machine.sh(`cp ${brought} /mnt/new && echo "# newer" >>/mnt/new && mv /mnt/new ${brought}`);
  // A unit that the first release does not have.
  const folder = '/mnt/second/deploy/systemd';
  await machine.sh(`cp ${folder}/stemedb-verify.timer ${folder}/stemedb-later.timer`);
  await machine.sh(`cp ${folder}/stemedb-verify.service ${folder}/stemedb-later.service`);
  const said = await machine.sh('/mnt/second/deploy/install.sh 2>&1');
  await machine.sh('systemctl is-enabled stemedb-later.timer');
  assert.match(said, /was changed here and stays/);
  assert.match(await machine.sh('tail -1 /etc/stemedb/stemedb.env'), /LOG_LEVEL=debug/);
  assert.match(await machine.sh('tail -1 /etc/stemedb/stemedb.env.new'), /# newer/);
  assert.equal((await current()).trim(), '0.1.0-next');
  const pid = await machine.property('stemedb', 'MainPID');
  assert.match(await machine.sh(`cat /proc/${pid}/cmdline`), /0\.1\.0-next/);
  assert.match(await machine.sh(claims), /"here"/);

  // A setting that the release before does not know.
  await machine.sh('echo "STEMEDB_LATER=1" >>/etc/stemedb/stemedb.env');
  const refused = await machine.run('/mnt/second/deploy/install.sh', '--rollback');
  assert.equal(refused.exit, exitCodes.configuration.number, refused.err);
  assert.match(refused.err, /STEMEDB_LATER[\s\S]*nothing was switched to it/);
  assert.equal((await current()).trim(), '0.1.0-next');
  assert.equal(await machine.property('stemedb', 'MainPID'), pid);
  await machine.sh("sed -i '/LATER/d' /etc/stemedb/stemedb.env");

  await machine.sh('/mnt/second/deploy/install.sh --rollback 2>&1');
  assert.equal((await current()).trim(), firstName);
  const { out } = await machine.run(
    'systemctl',
    'list-unit-files',
    'stemedb-later*',
    '--no-legend',
  );
  assert.equal(out, '');
  assert.ok(await isReady());
  assert.match(await machine.sh(claims), /"here"/);
});

test('settings that are wrong stop an upgrade, and no restart is tried', { skip }, async () => {
  await machine.sh('echo "STEMEDB_LOG_LEVLE=debug" >>/etc/stemedb/stemedb.env');
  const pid = await machine.property('stemedb', 'MainPID');
  const upgrade = await machine.run('/mnt/second/deploy/install.sh');
  assert.equal(upgrade.exit, exitCodes.configuration.number);
  assert.match(upgrade.err, /did you mean "?STEMEDB_LOG_LEVEL/);
  assert.equal((await current()).trim(), firstName);
  assert.equal(await machine.property('stemedb', 'MainPID'), pid);

  await machine.run('systemctl', 'restart', 'stemedb');
  await until('a failed unit', async () =>
    /^failed$/.test(await machine.property('stemedb', 'ActiveState')),
  );
  assert.equal(await machine.property('stemedb', 'ExecMainStatus'), '78');
  assert.equal(await machine.property('stemedb', 'NRestarts'), '0');
});

test('what is removed is the program; data and settings stay', { skip }, async () => {
  // A job that is under way, and another installer.
  const change = '/run/systemd/system/stemedb-verify.service.d';
  const long = '[Service]\\nExecStart=\\nExecStart=/bin/sleep 1000\\n';
  await machine.sh(`mkdir -p ${change}; printf '${long}' >${change}/long.conf`);
  await machine.sh('systemctl daemon-reload; systemctl start --no-block stemedb-verify');
  await until('a job', async () =>
    /^activating$/.test(await machine.property('stemedb-verify', 'ActiveState')),
  );
  const busy = `flock /opt/stemedb/.lock ${install} --uninstall`;
  assert.equal((await machine.run('sh', '-c', busy)).exit, exitCodes.temporary.number);
  assert.equal(await machine.property('stemedb-verify', 'ActiveState'), 'activating');
  await machine.sh(`${install} --uninstall`);
  assert.notEqual(await machine.property('stemedb-verify', 'ActiveState'), 'activating');
  await machine.sh(`rm -r ${change}; systemctl daemon-reload; systemctl reset-failed`);
  const { out } = await machine.run('ls', '-d', '/opt/stemedb', '/usr/local/bin/stemedb');
  assert.equal(out, '');
  const units = await machine.run('systemctl', 'list-unit-files', 'stemedb*', '--no-legend');
  assert.equal(units.out, '');
  await machine.sh('test -s /etc/stemedb/stemedb.env && test -s /var/lib/stemedb/wal/identity');

  await machine.sh("sed -i '/LEVLE/d' /etc/stemedb/stemedb.env");
  // As it arrives on a server: one file.
  await machine.sh('cd /mnt && mv first stemedb && tar -cf - stemedb | gzip -1 >release.tar.gz');
  await machine.sh('/mnt/second/deploy/install.sh --from /mnt/release.tar.gz 2>&1');
  assert.match(await machine.sh(claims), /"here"/);
});
