/** The Merkle tree of a log at the start, held against what the node has signed before. */
import { fail, type Outcome, ok, toBase64 } from '@stemedb/model';
import type { Disk } from '../io/disk.js';
import { LogCorruptError, openFailed } from '../log/failure.js';
import type { Identity } from '../log/identity.js';
import type { Log } from '../log/log.js';
import type { SignedCheckpoint } from '../log/merkle/checkpoint_file.js';
import { MerkleTree } from '../log/merkle/merkle_tree.js';

/**
 * Opens the tree beside the store. `log_corrupt` when the log cannot be read, or when it is not the
 * one that the checkpoint was signed for: that is never gone on with.
 */
export const openTree = async (
  disk: Disk,
  directory: string,
  { databaseId, logId }: Identity,
  log: Log,
  kept: SignedCheckpoint | undefined,
): Promise<Outcome<MerkleTree>> => {
  try {
    const tree = await MerkleTree.open({ disk, directory, databaseId, logId, log });
    const altered = kept === undefined ? undefined : await contradiction(tree, kept);
    if (altered === undefined) return ok(tree);
    await tree.close();
    return fail({ code: 'log_corrupt', detail: altered });
  } catch (error) {
    if (error instanceof LogCorruptError) return fail(error.error);
    return fail(openFailed(directory, error));
  }
};

/** How the log contradicts the checkpoint; the tree file is not to blame, it is made anew first. */
const contradiction = async (
  tree: MerkleTree,
  { checkpoint: { size, root } }: SignedCheckpoint,
): Promise<string | undefined> => {
  if (size === 0) return undefined;
  const isAsSigned = async (): Promise<boolean> => (await tree.root(size)).equals(root);
  if (await isAsSigned()) return undefined;
  await tree.rebuild('its root is not the one that was signed');
  if (await isAsSigned()) return undefined;
  return (
    `The first ${size} records are not those that this node signed the root ${toBase64(root)} ` +
    'for: the log was exchanged or altered. Restore the log that belongs to the file ' +
    '"checkpoint"; keep both. "stemedb verify" says more.'
  );
};
