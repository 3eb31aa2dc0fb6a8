/** A backup at a place, as a copy of a log. */
import { type Outcome, ok } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { identityFileName } from '../../log/identity.js';
import { faultsOf, loadChecked } from '../copied_file.js';
import { copyDisk } from '../copy_disk.js';
import { type CopiedFile, CopyDamagedError, type LogCopy, type LogCopyFacts } from '../log_copy.js';
import { storeErrors } from '../store_errors.js';
import { type BackupFile, type BackupMetadata, metadataName, startedName } from './metadata.js';
import { readMetadata } from './places.js';

/** `not_found` when there is no complete backup of this name, `copy_damaged` as it says. */
export const openBackupCopy = (store: ObjectStore, name: string): Promise<Outcome<LogCopy>> =>
  storeErrors(async () => {
    const read = await readMetadata(store, name);
    return read.ok ? ok(copyOf(store, read.value)) : read;
  });

const copyOf = (store: ObjectStore, metadata: BackupMetadata): LogCopy => {
  const { name, segments, files } = metadata;
  const directory = `${store.place}/${name}`;
  const disk = copyDisk(
    directory,
    segments.map((segment) => fileAt(store, segment.backup, segment)),
  );
  const beside = files.map((file) => fileAt(store, name, file));
  return {
    facts: factsOf(metadata),
    checkpoint: metadata.checkpoint,
    disk,
    directory,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    identity: async () => {
      const file = beside.find((one) => one.name === identityFileName);
      return file === undefined ? undefined : loadChecked(file);
    },
    beside,
    faultsBeside: () => faultsBeside(store, metadata, beside),
  };
};

const fileAt = (
  store: ObjectStore,
  backup: string,
  { name, bytes, sha256, piece }: BackupFile,
): CopiedFile => {
  const place = `${backup}/${piece?.object ?? name}`;
  const offset = piece?.offset ?? 0;
  return { name, place, offset, bytes, sha256, load: () => store.get(place) };
};

const factsOf = (metadata: BackupMetadata): LogCopyFacts => ({
  what: 'backup',
  name: metadata.name,
  databaseId: metadata.database_id,
  logId: metadata.log_id,
  nodeId: metadata.node_id,
  vkey: metadata.vkey,
  records: metadata.record_count,
  assertions: metadata.assertion_count,
  root: metadata.root,
  newestStamp: metadata.newest_stamp,
  writtenAtMs: metadata.time_ms,
});

async function* faultsBeside(
  store: ObjectStore,
  { name, segments }: BackupMetadata,
  beside: readonly CopiedFile[],
): AsyncGenerator<CopyDamagedError> {
  yield* faultsOf(beside);
  const own = segments.filter(({ backup }) => backup === name).map((segment) => segment.name);
  const named = [metadataName, startedName, ...own].map((file) => `${name}/${file}`);
  const known = new Set([...named, ...beside.map(({ place }) => place)]);
  for await (const { key } of store.list(`${name}/`)) {
    if (known.has(key)) continue;
    yield new CopyDamagedError(key, 'the metadata do not name it: it was added');
  }
}
