/** The troubles of all runbooks, by the name of the runbook. */
import { certificateTroubles } from './certificate.js';
import { disasterTroubles } from './disaster.js';
import { diskFull } from './disk_full.js';
import { fsyncTroubles } from './fsync.js';
import { keyTroubles } from './keys.js';
import { latencyTroubles } from './latency.js';
import { restoreTroubles } from './restore.js';
import { serverWontStart } from './server_wont_start.js';
import { storageTroubles } from './storage.js';
import type { Troubles } from './trouble.js';

export const troubles: Readonly<Record<string, Troubles>> = {
  'certificate-renewal': certificateTroubles,
  'disaster-recovery': disasterTroubles,
  'disk-full': diskFull,
  'high-query-latency': latencyTroubles,
  'key-compromise': keyTroubles,
  'restore-from-backup': restoreTroubles,
  'server-wont-start': serverWontStart,
  'slow-or-failed-fsync': fsyncTroubles,
  'storage-errors': storageTroubles,
};
