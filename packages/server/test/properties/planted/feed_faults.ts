/** Faults of the feed, which holding it against the log must find. */
import type { PlantedFault } from './faults.js';

export const feedFaults: readonly PlantedFault[] = [
  {
    name: 'the feed goes past what is visible',
    file: 'query/feed_chunk.js',
    from: 'next.filter((record) => record.sequence <= through)',
    to: 'next',
    seeds: 40,
  },
  {
    name: 'the cursor of a full page leads past what the page has no room for',
    file: 'query/feed.js',
    from: 'place = { sequence: entry.sequence, offset: entry.offset };',
    to: '',
    seeds: 40,
  },
  {
    name: 'a frame that repeats a record is told again',
    file: 'query/feed_chunk.js',
    from: 'reading.snapshot.placeOfSequence(record.sequence) === undefined',
    to: 'false',
    seeds: 40,
  },
  {
    name: 'who fell out of memory is told what is left there',
    file: 'query/feed_tail.js',
    from: 'sequence < this.#from.sequence ||',
    to: '',
    seeds: 40,
  },
  {
    name: 'a piece ends before its place',
    file: 'query/feed_tail.js',
    from: 'place: placeOf(entries.at(-1) ?? entry)',
    to: 'place: placeOf(entry)',
    seeds: 40,
  },
];
