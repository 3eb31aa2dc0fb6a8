/** `stemedb prove ID`: that a record is in the log of a signed checkpoint, verified right here. */
import type { StemeClient } from '@stemedb/client';
import {
  canonicalBytes,
  type InclusionProof,
  type JsonValue,
  leafData,
  leafHash,
  parseRecordId,
  parseStamp,
  type RecordId,
  recordIdOf,
  toBase64,
  verifyInclusion,
} from '@stemedb/model';
import type { Register } from '../command.js';
import {
  altered,
  checkpointKey,
  decodeHashes,
  fetchCheckpoint,
  savedCheckpoint,
  setBack,
} from '../log_files.js';
import { CommandError, isClientError, UsageError } from '../report.js';
import type { Session } from '../session.js';

interface ProveOptions {
  readonly checkpoint?: string;
  readonly vkey?: string;
}

const prove = async (session: Session, text: string, options: ProveOptions): Promise<undefined> => {
  const { io, report } = session;
  const id = parseRecordId(text);
  if (id === undefined) throw new UsageError('An id is 64 lower-case hex digits.');
  const client = session.client();
  const key = await checkpointKey(client, options.vkey);
  const { size, root, origin } =
    options.checkpoint === undefined
      ? (await fetchCheckpoint(client, key)).checkpoint
      : await savedCheckpoint(io, options.checkpoint, key);
  const proof = await inclusionIn(client, id, size);
  const stamp = parseStamp(proof.recorded_stamp);
  const hashes = decodeHashes(proof.hashes);
  const place = { index: proof.leaf_index, size };
  const isIncluded =
    stamp !== undefined &&
    hashes !== undefined &&
    verifyInclusion(place, leafHash(leafData(id, stamp)), hashes, root);
  if (!isIncluded) {
    throw altered(
      `What the server gives as proof does not lead from ${id} to the root ${toBase64(root)} of ` +
        `${size} records that was signed.`,
    );
  }
  await checkContent(session, id);
  if (report.options.json) {
    await report.json({ ...proof, origin, root: toBase64(root), verified: true });
    return;
  }
  await report.line(
    `${id} is record ${place.index + 1} of ${size} in ${origin}, recorded under ${stamp}.`,
  );
};

/** The proof in the tree of a checkpoint; the server refuses a size that has no such leaf. */
const inclusionIn = async (
  client: StemeClient,
  id: RecordId,
  size: number,
): Promise<InclusionProof> => {
  try {
    return await client.inclusion(id, { size });
  } catch (error) {
    if (!isClientError(error) || error.code !== 'invalid_field') throw error;
    const { leaf_index: index, tree_size: sizeNow } = await client.inclusion(id);
    if (sizeNow < size) throw setBack(size, sizeNow);
    if (index < size) throw error;
    const detail =
      `The record came after this checkpoint (record ${index + 1} of ${sizeNow}, and the ` +
      `checkpoint has ${size}); save a newer one.`;
    throw new CommandError({ code: 'not_found', detail, cause: error });
  }
};

/** What the server shows under the id must be what the id is the hash of. */
const checkContent = async (session: Session, id: RecordId): Promise<void> => {
  const stated = await session.client().record(id);
  if (stated === undefined) {
    throw new CommandError({ code: 'not_found', detail: `The server has no record ${id}.` });
  }
  const found = recordIdOf(canonicalBytes(stated.record as unknown as JsonValue));
  if (found !== id) throw altered(`What the server shows as ${id} is another record: ${found}.`);
};

export const registerProve: Register = (program, run) => {
  program
    .command('prove')
    .description('verify that a record is in the log')
    .argument('<id>', 'id of the record')
    .option('--checkpoint <file>', 'in the log of this saved checkpoint (default: the newest)')
    .option('--vkey <key>', 'the key that must have signed it (default: what the server names)')
    .action((id: string, options: ProveOptions, command) =>
      run(command, (session) => prove(session, id, options)),
    );
};
