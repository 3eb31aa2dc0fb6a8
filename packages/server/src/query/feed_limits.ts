/** The limits of the feed: what followers may cost the writer, and what they may hold. */
export interface FeedLimits {
  /** Bytes of records that one page looks at: under a filter that little passes it may end empty
   * before the end of the log. */
  readonly feedPageScanBytesMax: number;
  /** Bytes that a follower is given at a time; one record may be larger. */
  readonly feedPieceBytesMax: number;
  /** Bytes of the end of the log that are kept for all while anybody follows. */
  readonly feedTailBytesMax: number;
  /** Bytes read from the files that followers were given and have not passed on; who wants more
   * waits for others to pass on theirs. */
  readonly feedUnsentBytesMax: number;
  /** Followers that read the files at the same time: the platform has four threads for files, and
   * the syncs of the writer want theirs. */
  readonly feedFileReadersMax: number;
  /** Followers are woken at most this often, whatever the number of commits, milliseconds. */
  readonly feedWakeIntervalMs: number;
}

const mebibyte = 1024 * 1024;

export const feedLimits: FeedLimits = {
  feedPageScanBytesMax: 16 * mebibyte,
  feedPieceBytesMax: 64 * 1024,
  feedTailBytesMax: 4 * mebibyte,
  feedUnsentBytesMax: 28 * mebibyte,
  feedFileReadersMax: 2,
  feedWakeIntervalMs: 20,
};
