/**
 * A position: how far a log has come, opaque to callers. Every write answers one, every question
 * may wait for one. Written `<log id>.<sequence>`; positions of different logs do not compare.
 */
export interface Position {
  /** 32 hex digits. */
  readonly logId: string;
  readonly sequence: number;
}

const pattern = /^([0-9a-f]{32})\.(0|[1-9][0-9]{0,15})$/;

export const formatPosition = ({ logId, sequence }: Position): string => `${logId}.${sequence}`;

/** The position behind the text; undefined when it is none. */
export const parsePosition = (text: string): Position | undefined => {
  const [, logId, digits] = pattern.exec(text) ?? [];
  if (logId === undefined || digits === undefined) return undefined;
  const sequence = Number(digits);
  return Number.isSafeInteger(sequence) ? { logId, sequence } : undefined;
};
