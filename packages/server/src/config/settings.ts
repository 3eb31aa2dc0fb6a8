/**
 * The table of settings: name, environment variable, flag, default and meaning stand in one place;
 * the help text, `--print-config`, `.env.example` and `docs/configuration.md` follow it.
 */

export type SettingKey =
  | 'bind_addr'
  | 'wal_dir'
  | 'db_dir'
  | 'log_level'
  | 'slow_query_ms'
  | 'allowed_hosts'
  | 'allowed_origins'
  | 'insecure'
  | 'realm'
  | 'signatures'
  | 'cache_size'
  | 'lens_modules'
  | 'backup_url'
  | 'archive_url'
  | 'archive_interval'
  | 'archive_recipient'
  | 'archive_identity_file';

export interface Setting {
  /** As in the TOML file. */
  readonly key: SettingKey;
  readonly env: string;
  readonly flag: string;
  /** Placeholder of the value in help texts. */
  readonly value: string;
  readonly fallback: string;
  readonly meaning: string;
}

const setting = (key: SettingKey, value: string, fallback: string, meaning: string): Setting => ({
  key,
  env: `STEMEDB_${key.toUpperCase()}`,
  flag: `--${key.replaceAll('_', '-')}`,
  value,
  fallback,
  meaning,
});

export const settings: readonly Setting[] = [
  setting('bind_addr', 'host:port', '127.0.0.1:18180', 'Where the server listens.'),
  setting(
    'wal_dir',
    'directory',
    './data/wal',
    'The log and the identity of the node: everything that cannot be rebuilt.',
  ),
  setting('db_dir', 'directory', './data/db', 'The store, a view of the log; may be deleted.'),
  setting(
    'log_level',
    'level',
    'info',
    'What is logged: fatal, error, warn, info, debug, trace or silent.',
  ),
  setting(
    'slow_query_ms',
    'milliseconds',
    '1000',
    'Questions that take at least this long are logged; 0 logs none.',
  ),
  setting(
    'allowed_hosts',
    'hosts',
    '',
    'Host names, separated by commas, that requests may name beside the loopback ones.',
  ),
  setting(
    'allowed_origins',
    'origins',
    '',
    'Origins, separated by commas, whose pages may call from a browser.',
  ),
  setting(
    'insecure',
    'true|false',
    'false',
    'Allows an address that other machines reach, although there is no authentication.',
  ),
  setting(
    'realm',
    'name',
    '',
    'When set, records that govern others are refused unless they name this realm.',
  ),
  setting(
    'signatures',
    'optional|required',
    'optional',
    'Whether writes must be signed by their author.',
  ),
  setting(
    'cache_size',
    'size',
    '64MiB',
    'Memory for answers, rows and records that are kept: bytes, KiB, MiB or GiB; 0 keeps none.',
  ),
  setting(
    'lens_modules',
    'files',
    '',
    'JavaScript modules, separated by commas, each of which exports a lens of yours.',
  ),
  setting(
    'backup_url',
    'place',
    './backups',
    'Where `stemedb backup` keeps backups: a directory, file:///path or s3://bucket/prefix.',
  ),
  setting(
    'archive_url',
    'place',
    '',
    'Where `stemedb archive` puts the log: s3://bucket/prefix, a directory or file:///path.',
  ),
  setting(
    'archive_interval',
    'seconds',
    '60',
    'Between two passes of `stemedb archive --follow`; sealed segments do not wait for it.',
  ),
  setting(
    'archive_recipient',
    'keys',
    '',
    'Public keys of age, separated by commas, that the archive is encrypted for; none: it is not.',
  ),
  setting(
    'archive_identity_file',
    'file',
    '',
    'Secret keys of age, for reading an encrypted archive; not needed where it is written.',
  ),
];

/** Variables of the command line and of the tests, which the server does not read. */
export const foreignVariables: readonly string[] = [
  'STEMEDB_URL',
  'STEMEDB_API_KEY',
  'STEMEDB_KEY_FILE',
  'STEMEDB_SOAK',
  'STEMEDB_SEED',
];
