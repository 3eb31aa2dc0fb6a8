/**
 * Connections that take their time, in a process of their own so that the clients beside them have
 * theirs: those that are cut come back until the crowd is told to go. Prints what became of them.
 */
import { outcomeOf, RawConnection } from '../support/raw_connection.js';

const [port = 0, size = 0, readersMax = 0] = process.argv.slice(2).map(Number);

const post = (path: string, type: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n`;

interface Manner {
  readonly name: string;
  /** What is sent at once. */
  readonly begin: string;
  /** What is sent now and then. */
  readonly drip: string;
  readonly reads: boolean;
}

const manners: readonly Manner[] = [
  {
    name: 'slow headers',
    begin: `${post('/v1/assert', 'application/json')}x: `,
    drip: 'a',
    reads: true,
  },
  {
    name: 'slow body',
    begin: `${post('/v1/assert', 'application/json')}content-length: 90000\r\n\r\n`,
    drip: ' ',
    reads: true,
  },
  {
    name: 'slow line',
    begin: `${post('/v1/assert/batch', 'application/x-ndjson')}content-length: 90000\r\n\r\n`,
    drip: ' ',
    reads: true,
  },
  { name: 'silent', begin: '', drip: '', reads: true },
  {
    name: 'idle',
    begin: 'GET /v1/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n',
    drip: '',
    reads: true,
  },
  {
    name: 'never reads',
    begin: 'GET /v1/query?prefix=large&limit=1000 HTTP/1.1\r\nhost: localhost\r\n\r\n',
    drip: '',
    reads: false,
  },
];

const outcomes = new Map<string, number>();
const dripEveryMs = 2000;
/** Longer than any deadline of the server, which is what is looked at here. */
const patienceMs = 24 * 3_600_000;
let isOver = false;

const stay = async (manner: Manner): Promise<void> => {
  while (!isOver) {
    const connection = await RawConnection.open(port, patienceMs);
    if (!manner.reads) connection.socket.pause();
    connection.write(manner.begin);
    const timer = setInterval(() => {
      if (isOver) connection.end();
      else if (manner.drip !== '') connection.write(manner.drip);
    }, dripEveryMs);
    const text = await connection.closed;
    clearInterval(timer);
    if (isOver) return;
    const outcome = `${manner.name}: ${outcomeOf(text)}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
};

let readers = 0;
const members = Array.from({ length: size }, (_, at) => {
  const manner = manners[at % manners.length] ?? manners[0];
  if (manner === undefined) throw new Error('There is no manner.');
  const isTooMany = !manner.reads && readers >= readersMax;
  if (!manner.reads && !isTooMany) readers += 1;
  return stay(isTooMany ? (manners[3] ?? manner) : manner);
});

process.on('message', () => {
  isOver = true;
  void Promise.all(members).then(() => {
    process.send?.(Object.fromEntries(outcomes), () => process.exit());
  });
});
