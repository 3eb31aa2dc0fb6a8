/** What a plan is asked for. Every number may be 0 unless it says otherwise; none is negative. */
export interface Workload {
  /** Claims that the node will hold. */
  readonly assertions: number;
  /** On average over a day. */
  readonly queriesPerSecond: number;
  readonly ingestPerSecond: number;
  /** How long backups are kept. */
  readonly retentionDays: number;
  /** Canonical bytes of a claim, signature not included. */
  readonly claimBytes: number;
  readonly signedShare: number;
  /** Claims that come as streams or arrays; the others come one a request. */
  readonly streamShare: number;
  /** Questions whose answer was kept. */
  readonly keptShare: number;
  /** Claims that compete in one question. */
  readonly candidates: number;
  /** The busiest hour beside the average, at least 1. */
  readonly peak: number;
  readonly cacheBytes: number;
  /** Claims that are asked about often enough to be kept in memory by the system. */
  readonly hotShare: number;
  /** Seconds between two passes of the archive; 0: there is none. */
  readonly archiveSeconds: number;
  /** Days between two full backups, and hours between the incremental ones; above 0. */
  readonly fullEveryDays: number;
  readonly incrementalHours: number;
  /** What a copy comes back over, in megabits a second, above 0. */
  readonly linkMbit: number;
}
