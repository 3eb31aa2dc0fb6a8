/**
 * Every command of the runbooks is run, on a machine where the trouble really is: for each case
 * below "Steps" the trouble is made first, then the reader's commands follow: those of the
 * diagnosis, of the case, and of the validation. A block that needs a real host says why; what it
 * does to the service is done to the server here. The troubles are made in `troubles/`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { readDocument } from './document.js';
import {
  type Case,
  type Runbook,
  readRunbook,
  runbookNames,
  type Step,
  sectionTitles,
  titlesOf,
  wasPrinted,
} from './runbook.js';
import { Scene } from './scene.js';
import { troubles } from './troubles/troubles.js';

/** What a host-only block may hold: programs that act on the whole machine. */
const hostPrograms: ReadonlySet<string> = new Set([
  'apt-get',
  'certbot',
  'chown',
  'dmesg',
  'journalctl',
  'lvextend',
  'mount',
  'nginx',
  'reboot',
  'resize2fs',
  'smartctl',
  'systemctl',
]);

const missing = ['bash', 'curl', 'jq', 'ss'].filter(
  (name) => spawnSync(name, ['--version']).status !== 0,
);

const programOf = (line: string): string => {
  const [first, second] = line.trim().split(/\s+/);
  return (first === 'sudo' ? second : first) ?? '';
};

/** What the service manager would do, done to the scene's services. */
const actOnServices = async (scene: Scene, lines: readonly string[]): Promise<void> => {
  for (const line of lines) {
    const [, verb = '', unit = ''] =
      /^sudo systemctl (start|stop|restart|reload) (\S+)$/.exec(line.trim()) ?? [];
    if (verb !== '') await scene.serviceCommand(verb, unit);
  }
};

const runSteps = async (scene: Scene, steps: readonly Step[]): Promise<void> => {
  for (const step of steps) {
    if (step.type === 'host') await actOnServices(scene, step.lines);
    if (step.type !== 'run') continue;
    const { exit, output } = await scene.run(step.script, step.exit !== undefined);
    const where = `the block at line ${step.line} ended with ${exit}, not ${step.exit}`;
    const said = `${where}:\n${step.script}\n${output}\nThe server said:\n${scene.server?.output}`;
    if (step.exit !== undefined) assert.equal(exit, step.exit, said);
  }
};

const assertPrinted = (scene: Scene, steps: readonly Step[]): void => {
  for (const step of steps) {
    if (step.type !== 'printed') continue;
    for (const line of step.lines) {
      const where = `line ${step.line} promises "${line}"; printed was:\n${scene.printed}`;
      assert.ok(wasPrinted(line, scene.printed), where);
    }
  }
};

const runCase = async (runbook: Runbook, { title, steps }: Case): Promise<void> => {
  const trouble = troubles[runbook.name]?.[title];
  assert.ok(trouble !== undefined, `no trouble is made for "${title}"`);
  const scene = await Scene.make();
  try {
    await trouble.make(scene);
    await runSteps(scene, runbook.common);
    await runSteps(scene, steps);
    await runSteps(scene, runbook.validation);
    assertPrinted(scene, steps);
    await trouble.after?.(scene);
  } finally {
    await scene.remove();
  }
};

const count = (steps: readonly Step[], type: Step['type']): number =>
  steps.filter((step) => step.type === type).length;

for (const name of runbookNames()) {
  test(`the runbook ${name} works`, async (context) => {
    const runbook = readRunbook(name);
    const all = [
      ...runbook.common,
      ...runbook.cases.flatMap(({ steps }) => steps),
      ...runbook.validation,
    ];
    const counts = `${count(all, 'run')} blocks run, ${count(all, 'host')} for a real host`;
    context.diagnostic(`${name}: ${counts}, ${runbook.cases.length} cases`);
    assert.deepEqual(titlesOf(name), sectionTitles);
    assert.deepEqual(runbook.stray, [], 'each block belongs to a case');
    assert.deepEqual(
      Object.keys(troubles[name] ?? {}),
      runbook.cases.map(({ title }) => title),
    );
    for (const step of all) {
      if (step.type !== 'host') continue;
      for (const line of step.lines) {
        assert.ok(hostPrograms.has(programOf(line)), `line ${step.line} can be run: ${line}`);
      }
    }
    for (const one of runbook.cases) {
      const trouble = troubles[name]?.[one.title];
      const skip = missing.length > 0 ? `needs ${missing.join(', ')}` : await trouble?.missing?.();
      await context.test(one.title, { skip: skip ?? false }, () => runCase(runbook, one));
    }
  });
}

test('every alert leads to a runbook that names it, and none is named that is not there', () => {
  const rules = readDocument('deploy/monitoring/prometheus/stemedb.rules.yml');
  const alerts = [...rules.matchAll(/alert: (\w+)[\s\S]*?runbook_url: (\S+)/g)];
  assert.ok(alerts.length > 10);
  for (const [, alert = '', path = ''] of alerts) {
    assert.ok(readDocument(path).includes(`\`${alert}\``), `${path} does not name ${alert}`);
  }
  const known = new Set(alerts.map(([, alert]) => alert));
  for (const name of runbookNames()) {
    const named = readDocument(`docs/runbooks/${name}.md`).matchAll(/`(StemeDB[A-Z]\w+)`/g);
    for (const [, alert] of named) assert.ok(known.has(alert), `${name} names ${alert}`);
  }
});

/** Commands of a block, each with the lines that it goes on over. */
const commandsOf = (script: string): readonly string[] =>
  script
    .trimEnd()
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => !line.startsWith(' '));

/** What is wrong with who runs the commands of a block; undefined when nothing is. */
const userFault = (script: string): string | undefined => {
  const commands = commandsOf(script);
  const asRoot = commands.filter((command) => command.startsWith('sudo '));
  if (asRoot.length > 0 && asRoot.length < commands.length) return 'it is run by two users';
  if (asRoot.some((command) => /^sudo stemedb\b/.test(command))) return 'it runs stemedb as root';
  const changes = /^\s*(?:(?:sed -i|tee|rm|mv|cp)\b.*|.*>\s*)\/etc\/stemedb\//m.test(script);
  return changes ? 'only root may change the settings' : undefined;
};

test('each block is run by one user, who may do what it does', () => {
  for (const name of runbookNames()) {
    const { common, cases, validation } = readRunbook(name);
    for (const step of [...common, ...cases.flatMap(({ steps }) => steps), ...validation]) {
      if (step.type !== 'run') continue;
      assert.equal(userFault(step.script), undefined, `${name}, line ${step.line}`);
    }
  }
  const change = 'sed -i s/a/b/ /etc/stemedb/stemedb.env';
  assert.match(userFault(`${change}\n`) ?? '', /only root/);
  assert.match(userFault(`sudo ${change}\nstemedb verify\n`) ?? '', /two users/);
  assert.match(userFault('sudo stemedb archive\n') ?? '', /as root/);
  assert.equal(userFault(`sudo ${change}\n`), undefined);
});

test('a runbook that promises what is not printed is noticed', () => {
  assert.ok(wasPrinted('error: … is damaged: …', 'x\nerror: the file is damaged: no JSON\n'));
  assert.ok(!wasPrinted('error: … is whole', 'error: the file is damaged'));
  assert.ok(!wasPrinted('a.c', 'abc'));
});
