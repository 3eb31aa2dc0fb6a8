/**
 * Faults that the simulation must find, each as one exact replacement in one compiled file, with
 * the seeds within which it is found: ten times those that it took when it was planted, and at
 * least 20.
 */
import type { PlantedFault } from '../../properties/planted/faults.js';

const inTheLog: readonly PlantedFault[] = [
  {
    name: 'a batch is acknowledged before it is synced',
    file: 'log/segment_writer.js',
    from: 'const startedMs = this.#clock.monotonicMs();\n        try {\n            await',
    to:
      'const startedMs = this.#clock.monotonicMs(); try {' +
      ' this.file.datasync().catch(() => {}); false && await',
    seeds: 20,
  },
  {
    name: 'the name of a new segment is not synced',
    file: 'log/segment_writer.js',
    from: 'await file.datasync();\n        await disk.syncDirectory(dirname(path));',
    to: 'await file.datasync();',
    seeds: 20,
  },
  {
    name: 'a short write is taken for a whole one',
    file: 'log/segment_writer.js',
    from: 'written += await file.write(bytes.subarray(written), position + written);',
    to: 'await file.write(bytes, position); written = bytes.byteLength;',
    seeds: 20,
  },
  {
    name: 'the log goes on after a failed sync',
    file: 'log/segment_writer.js',
    from: "return fail(syncFailed('a sync failed', error));",
    to: '',
    seeds: 20,
  },
  {
    name: 'after an unclean stop the segment is gone on with as it reads',
    file: 'log/recovery.js',
    from: 'await rewrite(disk, path, file, found.position)',
    to: 'file',
    seeds: 20,
  },
  {
    name: 'the segment that was written anew is not synced',
    file: 'log/recovery.js',
    from: 'await to.datasync();\n        await disk.rename(',
    to: 'await disk.rename(',
    seeds: 360,
  },
  {
    name: 'a mark claims one record more than there is',
    file: 'log/segmented_log.js',
    from: 'encodeMark(this.#lastSequence, flags',
    to: 'encodeMark(this.#lastSequence + 1, flags',
    seeds: 30,
  },
  {
    name: 'a reader takes the header of a new segment for a frame',
    file: 'log/iterate.js',
    from: 'if (at.offset === segmentOffset) {',
    to: 'if (at.offset === segmentOffset && files.next(segmentOffset) !== undefined) {',
    seeds: 20,
  },
  {
    name: 'a file is put in the place of another before it is synced',
    file: 'log/small_file.js',
    from: 'await file.datasync();',
    to: '',
    seeds: 20,
  },
];

const inTheWriter: readonly PlantedFault[] = [
  {
    name: 'the clock of a restart does not begin above the last stamp',
    file: 'bin/assemble.js',
    from: 'const hybrid = clockAbove(files, () => effects.clock.wallMs());',
    to: 'const hybrid = new HybridClock(identity.nodeId, () => effects.clock.wallMs());',
    seeds: 140,
  },
  {
    name: 'a duplicate is not looked for among records on their way',
    file: 'ingest/group_commit.js',
    from: 'this.#staged.get(id) ?? this.#store.place(id)',
    to: 'this.#store.place(id)',
    seeds: 720,
  },
  {
    name: 'records on their way are forgotten before the store has them',
    file: 'ingest/group_commit.js',
    from: 'await this.#store.apply(records);',
    to: 'for (const { id } of records) this.#staged.delete(id); await this.#store.apply(records);',
    seeds: 720,
  },
  {
    name: 'a batch is acknowledged before it is visible',
    file: 'ingest/group_commit.js',
    from: 'await outcome.value.applied;',
    to: '',
    seeds: 20,
  },
  {
    name: 'a checkpoint is signed over records that are not synced',
    file: 'ingest/group_commit.js',
    from: 'const appended = await this.#log.append(batch.fresh);',
    to:
      'this.#onDurable?.(batch.fresh.map((record, at) => ' +
      '({ ...record, sequence: this.#log.lastSequence + 1 + at, offset: 0 })));' +
      'const appended = await this.#log.append(batch.fresh);',
    seeds: 170,
  },
];

const inTheStore: readonly PlantedFault[] = [
  {
    name: 'the applied sequence is committed before what was applied',
    file: 'store/hybrid_store.js',
    from: 'await this.#engine.commit(staging.changes());',
    to:
      'const isState = ({ key }) => Buffer.compare(key, stateKey) === 0;' +
      'await this.#engine.commit(staging.changes().filter(isState));' +
      'await this.#engine.commit(staging.changes().filter((one) => !isState(one)));',
    seeds: 30,
  },
  {
    name: 'a record is visible before its signature is',
    file: 'store/hybrid_store.js',
    from:
      'const applied = this.#applying.then(() => ' +
      "this.#measured.runLong('apply', () => this.#applyNext(batch)));",
    to:
      'const part = batch.slice(0, Math.ceil(batch.length / 2));' +
      'const applied = this.#applying' +
      '.then(() => this.#applyNext(part)).then(() => this.#applyNext(batch));',
    seeds: 2830,
  },
  {
    name: 'a replay begins one record too late',
    file: 'store/replay.js',
    from: 'if (record.sequence > from)',
    to: 'if (record.sequence > from + 1)',
    seeds: 20,
  },
  {
    name: 'what is on its way to the engine hides what was committed after it',
    file: 'store/engine_overlay.js',
    from: '[this.#leaving, this.#held]',
    to: '[this.#held, this.#leaving]',
    seeds: 300,
  },
  {
    name: 'what is committed while a batch is handed over is dropped with it',
    file: 'store/engine_overlay.js',
    from: 'this.#leaving = undefined;',
    to: 'this.#leaving = undefined; this.#held = new HeldChanges();',
    seeds: 520,
  },
];

const inTheAnswers: readonly PlantedFault[] = [
  {
    name: 'as_of does not wait for what is on its way',
    file: 'bin/node_timeline.js',
    from: 'if (this.#commit.isInFlight(endOfMs(ms)))',
    to: 'if (false)',
    seeds: 300,
  },
  {
    name: 'as_of does not move the clock past its moment',
    file: 'bin/node_timeline.js',
    from: 'this.#hybrid.advancePast(ms);',
    to: '',
    seeds: 130,
  },
  {
    name: 'an answer that a failed write leaves in doubt says that it is final',
    file: 'bin/node_timeline.js',
    from: 'return inDoubtFrom === undefined || stamp < inDoubtFrom;',
    to: 'return true;',
    seeds: 5900,
  },
  {
    name: 'min_position is not waited for',
    file: 'query/timeline.js',
    from: 'if (await timeline.waitFor(wanted.sequence))',
    to: 'if (true)',
    seeds: 20,
  },
];

export const simulatedFaults: readonly PlantedFault[] = [
  ...inTheLog,
  ...inTheWriter,
  ...inTheStore,
  ...inTheAnswers,
];
