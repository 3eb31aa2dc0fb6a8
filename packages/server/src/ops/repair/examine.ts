/** What is wrong with a log directory: its log, and the two small files that a start depends on. */
import { sodiumVerify } from '../../ingest/sodium.js';
import type { ReadDisk } from '../../io/disk.js';
import { type Identity, identityFileName, readIdentity } from '../../log/identity.js';
import { checkpointFileName, readCheckpointFile } from '../../log/merkle/checkpoint_file.js';
import { listSegments, openSegment } from '../segment_files.js';
import { type Survey, type SurveyInput, surveyLog } from './survey.js';

export interface Examination {
  readonly identity: Identity | undefined;
  /** From the identity, else from the first header that can be read. */
  readonly ids: { readonly databaseId: string; readonly logId: string } | undefined;
  /** What is wrong beside the segments, by file name. */
  readonly faults: ReadonlyMap<string, string>;
  readonly survey: Survey;
}

export interface ExamineInput extends Pick<SurveyInput, 'onProgress' | 'onLater'> {
  readonly disk: ReadDisk;
  readonly directory: string;
  /** Last sequence that the store knows. */
  readonly knownSequence: number;
}

/** Whose log it is, from little of it. Rejects with errors of the disk. */
export const idsOf = async (disk: ReadDisk, directory: string): Promise<Examination['ids']> => {
  const read = await readIdentity(disk, directory);
  return (read.ok ? read.value : undefined) ?? (await idsOfHeaders(disk, directory));
};

/** Changes nothing. Rejects with errors of the disk. */
export const examine = async (input: ExamineInput): Promise<Examination> => {
  const { disk, directory } = input;
  const faults = new Map<string, string>();
  const read = await readIdentity(disk, directory);
  if (!read.ok) faults.set(identityFileName, read.error.detail);
  const identity = read.ok ? read.value : undefined;
  const ids = identity ?? (await idsOfHeaders(disk, directory));
  if (read.ok && identity === undefined && ids !== undefined) {
    faults.set(identityFileName, 'The file "identity" is missing.');
  }
  const claims = [];
  if (identity !== undefined) {
    const kept = await readCheckpointFile(disk, directory, identity, sodiumVerify);
    if (!kept.ok) faults.set(checkpointFileName, kept.error.detail);
    else if (kept.value !== undefined) {
      claims.push({ where: checkpointFileName, checkpoint: kept.value.checkpoint });
    }
  }
  const survey = await surveyLog({ ...input, databaseId: ids?.databaseId, claims });
  return { identity, ids, faults, survey };
};

/** True when a server starts here, and nothing that was acknowledged is missing. */
export const isSound = ({ faults, survey }: Examination): boolean =>
  faults.size === 0 &&
  survey.damage.length === 0 &&
  survey.contradictions.length === 0 &&
  survey.lost.length === 0;

const idsOfHeaders = async (
  disk: ReadDisk,
  directory: string,
): Promise<Examination['ids'] | undefined> => {
  for (const segment of await listSegments(disk, directory)) {
    const { file, header } = await openSegment(disk, segment);
    await file.close();
    if (header.type === 'header') return header.header;
  }
  return undefined;
};
