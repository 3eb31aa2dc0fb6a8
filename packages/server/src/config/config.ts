/**
 * The configuration: flags over environment over file over defaults (spec 9). Every key is known
 * and every value is checked before anything is opened; a mistake is an error that names it.
 */
import {
  fail,
  type JsonObject,
  type JsonValue,
  nearestName,
  type Outcome,
  ok,
  type PolicyTable,
} from '@stemedb/model';
import { parse as parseToml } from 'smol-toml';
import { jsonOfToml, readPolicyTable } from './policy_table.js';
import { foreignVariables, type SettingKey, settings } from './settings.js';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

export interface Config {
  /** `host:port`. */
  readonly bindAddr: string;
  readonly walDir: string;
  readonly dbDir: string;
  readonly logLevel: LogLevel;
  /** Questions that take at least this long are logged; 0: none. */
  readonly slowQueryMs: number;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly insecure: boolean;
  readonly realm: string | undefined;
  readonly signatures: 'optional' | 'required';
  /** Memory for answers, candidate rows and records that are kept, bytes; 0 keeps none. */
  readonly cacheBytesMax: number;
  /** Where the log is archived; undefined: nowhere. */
  readonly archiveUrl: string | undefined;
  /** Paths of modules that export a lens. */
  readonly lensModules: readonly string[];
  /** Undefined: the file has no `[policy]`; the policy in force stays. */
  readonly policy: PolicyTable | undefined;
}

/** One setting as it came out, and where it came from. */
interface ConfigLine {
  readonly key: string;
  readonly value: string;
  readonly source: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly lines: readonly ConfigLine[];
}

export interface ConfigSources {
  /** Values of flags by setting key. */
  readonly flags: Readonly<Partial<Record<SettingKey, string>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file of `--config`; undefined looks for the one of the system. */
  readonly file: string | undefined;
  /** The text of a file; undefined when there is none; rejects when it cannot be read. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  /** The rule for where a server may listen, which the guard has. */
  readonly checkBind: (bindAddr: string, insecure: boolean) => Outcome<unknown>;
}

/** Read when it is there and no other file is named. */
export const systemConfigFile = '/etc/stemedb/config.toml';

const invalid = (detail: string, cause?: unknown): Outcome<never> =>
  fail({ code: 'invalid_configuration', detail, cause });

const keys: readonly SettingKey[] = settings.map((entry) => entry.key);

const unknownName = (where: string, name: string, known: readonly string[]): Outcome<never> => {
  const near = nearestName(name, known);
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
  return invalid(`${where} has no setting "${name}"; ${hint}`);
};

interface FileSettings {
  readonly path: string | undefined;
  readonly values: ReadonlyMap<string, string>;
  readonly policy: PolicyTable | undefined;
}

const textOf = (value: JsonValue): string | undefined => {
  if (Array.isArray(value)) return value.map(String).join(',');
  return typeof value === 'object' ? undefined : String(value);
};

const readTable = (path: string, table: JsonObject): Outcome<FileSettings> => {
  const values = new Map<string, string>();
  let policy: PolicyTable | undefined;
  for (const [name, value] of Object.entries(table)) {
    if (name === 'policy' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const read = readPolicyTable(value as JsonObject);
      if (!read.ok) return read;
      policy = read.value;
      continue;
    }
    if (!keys.includes(name as SettingKey)) return unknownName(path, name, [...keys, 'policy']);
    const text = textOf(value);
    if (text === undefined) return invalid(`${path}: ${name} must be a plain value.`);
    values.set(name, text);
  }
  return ok({ path, values, policy });
};

const readConfigFile = async (sources: ConfigSources): Promise<Outcome<FileSettings>> => {
  const path = sources.file ?? systemConfigFile;
  let text: string | undefined;
  try {
    text = await sources.readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    return invalid(`The configuration file ${path} cannot be read (${code}).`, cause);
  }
  if (text === undefined) {
    if (sources.file !== undefined) return invalid(`There is no configuration file ${path}.`);
    return ok({ path: undefined, values: new Map(), policy: undefined });
  }
  try {
    return readTable(path, jsonOfToml(parseToml(text)) as JsonObject);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    return invalid(`${path} is not TOML: ${detail}`, cause);
  }
};

const checkEnvironment = (env: ConfigSources['env']): Outcome<void> => {
  const known = settings.map((entry) => entry.env);
  for (const name of Object.keys(env)) {
    if (!name.startsWith('STEMEDB_') || known.includes(name)) continue;
    if (!foreignVariables.includes(name)) return unknownName('The environment', name, known);
  }
  return ok(undefined);
};

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** Hosts and origins: both are compared in lower case. */
const namesOf = (text: string): readonly string[] => listOf(text.toLowerCase());

const oneOf = <T extends string>(line: ConfigLine, allowed: readonly T[]): Outcome<T> => {
  const found = allowed.find((candidate) => candidate === line.value);
  if (found !== undefined) return ok(found);
  return invalid(
    `${line.key} (from ${line.source}) must be one of ${allowed.join(', ')}, not "${line.value}".`,
  );
};

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** `64MiB` and the like; a plain number is bytes. */
const sizeOf = (line: ConfigLine): Outcome<number> => {
  const [, digits = '', unit = ''] = /^(\d{1,15}) ?(|[KMG]iB)$/.exec(line.value) ?? [];
  const bytes = Number(digits) * (unitBytes[unit] ?? 1);
  if (digits !== '' && Number.isSafeInteger(bytes)) return ok(bytes);
  return invalid(
    `${line.key} (from ${line.source}) must be a size such as 64MiB or 1048576, ` +
      `not "${line.value}".`,
  );
};

/** A day: beyond it nothing would ever be logged. */
const millisecondsMax = 86_400_000;

const millisecondsOf = (line: ConfigLine): Outcome<number> => {
  const value = Number(line.value);
  if (/^\d{1,8}$/.test(line.value) && value <= millisecondsMax) return ok(value);
  return invalid(
    `${line.key} (from ${line.source}) must be a whole number of milliseconds from 0 to ` +
      `${millisecondsMax}, not "${line.value}".`,
  );
};

const assemble = (
  lines: ReadonlyMap<SettingKey, ConfigLine>,
  policy: PolicyTable | undefined,
  checkBind: ConfigSources['checkBind'],
): Outcome<Config> => {
  const line = (key: SettingKey): ConfigLine => {
    const found = lines.get(key);
    if (found === undefined) throw new Error(`The setting ${key} has no value.`);
    return found;
  };
  const level = oneOf(line('log_level'), logLevels);
  const insecure = oneOf(line('insecure'), ['true', 'false'] as const);
  const signatures = oneOf(line('signatures'), ['optional', 'required'] as const);
  const cacheBytesMax = sizeOf(line('cache_size'));
  const slowQueryMs = millisecondsOf(line('slow_query_ms'));
  for (const checked of [level, insecure, signatures, cacheBytesMax, slowQueryMs]) {
    if (!checked.ok) return checked;
  }
  if (!level.ok || !insecure.ok || !signatures.ok || !cacheBytesMax.ok || !slowQueryMs.ok)
    throw new Error('Unreachable.');
  for (const key of ['bind_addr', 'wal_dir', 'db_dir'] as const) {
    if (line(key).value === '') return invalid(`${key} (from ${line(key).source}) is empty.`);
  }
  const bind = checkBind(line('bind_addr').value, insecure.value === 'true');
  if (!bind.ok) return bind;
  const interval = line('archive_interval');
  if (!/^[1-9]\d{0,4}$/.test(interval.value) || Number(interval.value) > 86_400) {
    const from = `archive_interval (from ${interval.source})`;
    return invalid(`${from} must be whole seconds from 1 to 86400, not "${interval.value}".`);
  }
  const realm = line('realm').value;
  if (new TextEncoder().encode(realm).length > 64) {
    return invalid('realm may have at most 64 bytes.');
  }
  return ok({
    bindAddr: line('bind_addr').value,
    walDir: line('wal_dir').value,
    dbDir: line('db_dir').value,
    logLevel: level.value,
    allowedHosts: namesOf(line('allowed_hosts').value),
    allowedOrigins: namesOf(line('allowed_origins').value),
    insecure: insecure.value === 'true',
    realm: realm === '' ? undefined : realm,
    signatures: signatures.value,
    cacheBytesMax: cacheBytesMax.value,
    slowQueryMs: slowQueryMs.value,
    archiveUrl: line('archive_url').value === '' ? undefined : line('archive_url').value,
    lensModules: listOf(line('lens_modules').value),
    policy,
  });
};

/** Loads the configuration; `invalid_configuration` names the first mistake and its place. */
export const loadConfig = async (sources: ConfigSources): Promise<Outcome<LoadedConfig>> => {
  const environment = checkEnvironment(sources.env);
  if (!environment.ok) return environment;
  const file = await readConfigFile(sources);
  if (!file.ok) return file;
  const { path = systemConfigFile, values, policy } = file.value;
  const lines = new Map<SettingKey, ConfigLine>();
  for (const { key, env, flag, fallback } of settings) {
    const found = [
      { value: sources.flags[key], source: flag },
      { value: sources.env[env], source: env },
      { value: values.get(key), source: path },
      { value: fallback, source: 'default' },
    ].find((candidate) => candidate.value !== undefined);
    lines.set(key, {
      key,
      value: found?.value ?? fallback,
      source: found?.source ?? 'default',
    });
  }
  const config = assemble(lines, policy, sources.checkBind);
  if (!config.ok) return config;
  return ok({ config: config.value, lines: [...lines.values()] });
};
