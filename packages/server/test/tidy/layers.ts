/** Which room may import which: the arrows of docs/architecture.md. */

/** A room of packages/server/src and the rooms that it may import beside itself. */
export const roomsBelow: Readonly<Record<string, readonly string[]>> = (() => {
  const io = ['io'];
  const base = ['log', 'lens', 'store', 'trust', ...io];
  const core = ['ingest', 'query', ...base];
  const service = ['guard', 'ops', ...core];
  return {
    io: [],
    lens: [],
    log: io,
    // Trust is reckoned in the whole numbers and with the exponential of the lenses.
    trust: ['lens', ...io],
    store: ['log', ...io],
    ingest: base,
    query: ['ingest', ...base],
    config: [],
    // Implements what the rooms want counted, so it sees their contracts; none of them sees it.
    telemetry: core,
    guard: core,
    ops: core,
    cli: service,
    // Telemetry and configuration are made by the composition root and handed in; HTTP
    // is the one room that answers with them.
    http: ['config', 'telemetry', ...service],
    bin: ['cli', 'config', 'http', 'telemetry', ...service],
  };
})();

/** Packages of this repository that a package may import; tests import their own by name. */
export const packagesBelow: Readonly<Record<string, readonly string[]>> = {
  'packages/model': ['@stemedb/model'],
  'packages/client': ['@stemedb/model', '@stemedb/client'],
  'packages/server': ['@stemedb/model', '@stemedb/client', '@stemedb/example-browser-compat'],
  'examples/browser-compat': ['@stemedb/model', '@stemedb/example-browser-compat'],
};
