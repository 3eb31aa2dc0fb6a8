export interface HttpMetrics {
  requestFinished(request: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
}
export interface QueryMetrics {
  answered(query: {
    readonly endpoint: string;
    readonly lens: string;
    readonly seconds: number;
    readonly failure: string | undefined;
  }): void;
}
