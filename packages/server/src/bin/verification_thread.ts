/** The thread that verifies signatures beside the one that does everything else. */
import { verifyPacked } from '../ingest/packed_checks.js';
import { sodiumVerify } from '../ingest/sodium.js';
import { answerOnThread } from '../io/system_thread.js';

answerOnThread((batch) => verifyPacked(batch, sodiumVerify));
