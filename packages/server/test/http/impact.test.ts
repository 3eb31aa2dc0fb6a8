/** What the retraction of a source changes, and the retraction: over HTTP, from end to end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImpactAnswer, JsonObject } from '@stemedb/model';
import { type Answered, type HttpService, startMs, withService } from './service.js';

const unknownId = '9'.repeat(64);

const made = (answer: Answered): string => {
  assert.equal(answer.status, 201, answer.text);
  return String(answer.body.id);
};

const addSource = async (service: HttpService, title: string): Promise<string> =>
  made(await service.post('/v1/sources', { title, uri: `https://a.example/${title}` }));

const claim = async (service: HttpService, path: string, more: JsonObject): Promise<string> => {
  const fields = { concept_path: path, predicate: 'p', asserted_at: startMs };
  return made(await service.post('/v1/assert', { ...fields, ...more }));
};

const impact = async (
  service: HttpService,
  source: string,
  query: Readonly<Record<string, string>> = {},
): Promise<ImpactAnswer> => {
  const answer = await service.get(`/v1/sources/${source}/impact`, query);
  assert.equal(answer.status, 200, answer.text);
  return answer.body as unknown as ImpactAnswer;
};

const retract = (service: HttpService, source: string, more: JsonObject = {}): Promise<Answered> =>
  service.post(`/v1/sources/${source}/retract`, { reason: 'it was made up', ...more });

/** Old and new value of each pair. */
const changes = ({ impacts }: ImpactAnswer): readonly unknown[] =>
  impacts.map((one) => [
    one.concept_path,
    one.predicate,
    one.old?.value ?? null,
    one.new?.value ?? null,
  ]);

const code = (answer: Answered): unknown => [answer.status, answer.body.code];

const pointers = (answer: Answered): unknown =>
  (answer.body.errors as readonly { readonly pointer: string }[]).map(({ pointer }) => pointer);

/** Two sources; claims on the first, one of them through another, beside some of the second. */
const scene = async (service: HttpService) => {
  const bad = await addSource(service, 'bad');
  const good = await addSource(service, 'good');
  await claim(service, 'a/own', { value: 'bad', source: bad });
  const rival = { value: 'rival', source: good, asserted_at: startMs - 1000 };
  await claim(service, 'a/rival', rival);
  const direct = await claim(service, 'a/rival', { value: 'bad', source: bad });
  await claim(service, 'a/derived', { value: 'derived', derived_from: [direct] });
  await claim(service, 'a/untouched', { value: 'good', source: good });
  return { bad, good, direct };
};

test(
  'a hub of more concepts than a question reads changes for all that read the source',
  withService(async (service) => {
    const concepts = Array.from({ length: 100 }, (_, at) => `n/${String(at).padStart(3, '0')}`);
    for (const leaf of concepts) {
      const alias = await service.post('/v1/alias', { a: 'hub', b: leaf });
      assert.equal(alias.status, 201, alias.text);
    }
    const bad = await addSource(service, 'bad');
    await claim(service, 'n/005', { value: 'bad', source: bad });
    const asked = async (): Promise<ReadonlyMap<string, unknown>> => {
      const found = new Map<string, unknown>();
      for (const path of ['hub', ...concepts]) {
        const answer = await service.get('/v1/query', { concept_path: path, predicate: 'p' });
        const [result] = answer.body.results as readonly { readonly value?: unknown }[];
        found.set(path, result?.value ?? null);
      }
      return found;
    };
    const before = await asked();
    const said = await impact(service, bad, { limit: '1000' });
    assert.equal((await retract(service, bad)).status, 201);
    const after = await asked();
    const changed = [...before].filter(([path, value]) => after.get(path) !== value);
    // The last of them read the hub and its first neighbours, so the claim is among theirs.
    assert.equal(changed.length, 101);
    assert.deepEqual(
      changes(said),
      changed.map(([path, value]) => [path, 'p', value, null]),
    );
  }),
);

test(
  'impact names old and new answers, of what rests on others too',
  withService(async (service) => {
    const { bad, direct } = await scene(service);
    const answer = await impact(service, bad);
    assert.deepEqual(changes(answer), [
      ['a/derived', 'p', 'derived', null],
      ['a/own', 'p', 'bad', null],
      ['a/rival', 'p', 'bad', 'rival'],
    ]);
    assert.equal(answer.dependants, 3);
    assert.equal(answer.source, bad);
    assert.equal(answer.lens, 'recency');
    assert.equal(answer.impacts[2]?.old?.assertion?.id, direct);
    assert.equal(answer.next_cursor, undefined);
  }),
);

test(
  'an answer is what a question gets, before and after the retraction',
  withService(async (service) => {
    const { bad } = await scene(service);
    const { impacts, as_of_stamp: before, position } = await impact(service, bad);
    const made = await retract(service, bad, { if_position: position });
    assert.equal(made.status, 201, made.text);
    const { record } = made.body as { readonly record: JsonObject };
    assert.deepEqual(
      [record.kind, record.action, record.target, record.reason],
      ['supersession', 'retract', bad, 'it was made up'],
    );
    for (const one of impacts) {
      const asked = { concept_path: one.concept_path, predicate: one.predicate };
      const then = await service.get('/v1/query', { ...asked, as_of: before });
      const now = await service.get('/v1/query', asked);
      assert.deepEqual(then.body.results, one.old === null ? [] : [one.old]);
      assert.deepEqual(now.body.results, one.new === null ? [] : [one.new]);
    }
    assert.deepEqual((await impact(service, bad)).impacts, []);
    const past = await impact(service, bad, { as_of: before });
    assert.deepEqual(past.impacts, impacts);
  }),
);

test(
  'pages follow each other and keep moment and position',
  withService(async (service) => {
    const source = await addSource(service, 'many');
    for (let at = 0; at < 7; at += 1) {
      await claim(service, `m/${at}`, { value: at, source });
    }
    const all = await impact(service, source);
    const paged: unknown[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const more: Record<string, string> = cursor === undefined ? {} : { cursor };
      const page = await impact(service, source, { limit: '3', ...more });
      assert.deepEqual([page.position, page.as_of_stamp], [all.position, all.as_of_stamp]);
      assert.equal(page.dependants, 7);
      paged.push(...page.impacts);
      cursor = page.next_cursor;
      pages += 1;
      if (pages === 1) await claim(service, 'm/later', { value: 'later', source });
    } while (cursor !== undefined);
    assert.equal(pages, 3);
    assert.deepEqual(paged, all.impacts);
  }),
);

test(
  'a cursor belongs to its source and lens',
  withService(async (service) => {
    const { bad, good } = await scene(service);
    const { next_cursor: cursor = '' } = await impact(service, bad, { limit: '1' });
    assert.notEqual(cursor, '');
    for (const [source, query] of [
      [good, { cursor }],
      [bad, { cursor, lens: 'skeptic' }],
      [bad, { cursor: `x${cursor}` }],
      [bad, { cursor, as_of: String(startMs - 1) }],
    ] as const) {
      const answer = await service.get(`/v1/sources/${source}/impact`, query);
      assert.deepEqual(code(answer), [400, 'invalid_cursor']);
    }
  }),
);

test(
  'a dependant that came after the impact stands in the way',
  withService(async (service) => {
    const { bad, direct } = await scene(service);
    const { position } = await impact(service, bad);
    const late = await claim(service, 'b/late', { value: 1, derived_from: [direct] });
    const answer = await retract(service, bad, { if_position: position });
    assert.deepEqual(code(answer), [409, 'conflict']);
    assert.match(String(answer.body.detail), new RegExp(late));
    const { results } = (await service.get('/v1/query', { concept_path: 'a/own' })).body;
    assert.equal((results as readonly unknown[]).length, 1);
    const again = await impact(service, bad);
    assert.equal(again.dependants, 4);
    made(await retract(service, bad, { if_position: again.position }));
  }),
);

test(
  'a retraction that was carried out is known, whatever came after it',
  withService(async (service) => {
    const { bad, direct } = await scene(service);
    const { position } = await impact(service, bad);
    const call = { if_position: position, asserted_at: startMs };
    const first = await retract(service, bad, call);
    assert.deepEqual([first.status, first.body.status], [201, 'created'], first.text);
    await claim(service, 'b/late', { value: 1, derived_from: [direct] });
    const again = await retract(service, bad, call);
    assert.deepEqual([again.status, again.body.status], [200, 'duplicate'], again.text);
    assert.equal(again.body.id, first.body.id);
    const another = await retract(service, bad, { ...call, asserted_at: startMs + 1 });
    assert.deepEqual(code(another), [409, 'conflict']);
  }),
);

test(
  'what does not rest on the source stands in nobody’s way',
  withService(async (service) => {
    const { bad, good } = await scene(service);
    const { position } = await impact(service, bad);
    await claim(service, 'b/other', { value: 1, source: good });
    const again = { value: 'bad', source: bad, concept_path: 'a/own', predicate: 'p' };
    const known = await service.post('/v1/assert', { ...again, asserted_at: startMs });
    assert.equal(known.status, 200, known.text);
    made(await retract(service, bad, { if_position: position }));
  }),
);

test(
  'without a position nothing is compared',
  withService(async (service) => {
    const { bad } = await scene(service);
    await impact(service, bad);
    await claim(service, 'b/late', { value: 1, source: bad });
    made(await retract(service, bad));
    assert.deepEqual((await impact(service, bad)).impacts, []);
  }),
);

test(
  'aliases bring the answers of joined concepts along',
  withService(async (service) => {
    const { bad } = await scene(service);
    made(await service.post('/v1/alias', { a: 'a/own', b: 'z/other' }));
    const paths = (await impact(service, bad)).impacts.map((one) => one.concept_path);
    assert.deepEqual(paths, ['a/derived', 'a/own', 'a/rival', 'z/other']);
  }),
);

test(
  'an approved claim falls with the claim that it carries on',
  withService(async (service) => {
    const { bad } = await scene(service);
    const value = { value: 'life', source: bad };
    const first = await claim(service, 'c/life', { ...value, lifecycle: 'under_review' });
    const approved = await claim(service, 'c/life', {
      value: 'life',
      lifecycle: 'approved',
      parent: first,
    });
    await claim(service, 'c/on_it', { value: 'on it', derived_from: [approved] });
    const answer = await impact(service, bad);
    assert.equal(answer.dependants, 6);
    assert.deepEqual(changes(answer).slice(3), [
      ['c/life', 'p', 'life', null],
      ['c/on_it', 'p', 'on it', null],
    ]);
  }),
);

test(
  'only a known source can be asked about and retracted',
  withService(async (service) => {
    const { direct } = await scene(service);
    const calls = async (id: string): Promise<readonly Answered[]> => [
      await service.get(`/v1/sources/${id}/impact`),
      await retract(service, id),
      await retract(service, id, { if_position: `${service.target.database.log.logId}.1` }),
    ];
    for (const answer of await calls(unknownId)) assert.deepEqual(code(answer), [404, 'not_found']);
    for (const answer of await calls(direct)) {
      assert.deepEqual(code(answer), [422, 'invalid_field']);
      assert.match(String(answer.body.detail), /\/v1\/supersede/);
    }
    for (const answer of await calls('x')) assert.deepEqual(code(answer), [422, 'invalid_field']);
  }),
);

test(
  'a source is not there before it was registered',
  withService(async (service) => {
    const { bad } = await scene(service);
    const asked = { as_of: String(startMs - 1) };
    const answer = await service.get(`/v1/sources/${bad}/impact`, asked);
    assert.deepEqual(code(answer), [404, 'not_found']);
  }),
);

test(
  'bad fields are named',
  withService(async (service) => {
    const { bad } = await scene(service);
    const { logId } = service.target.database.log;
    const url = `/v1/sources/${bad}`;
    const refused: readonly (readonly [Answered, unknown, unknown])[] = [
      [await service.get(`${url}/impact`, { lens: 'rumour' }), [422, 'invalid_field'], ['/lens']],
      [
        await service.get(`${url}/impact`, { lens: 'constraints' }),
        [422, 'invalid_field'],
        ['/lens'],
      ],
      [await service.get(`${url}/impact`, { limit: '0' }), [422, 'invalid_field'], ['/limit']],
      [await service.get(`${url}/impact`, { as_of: 'soon' }), [422, 'invalid_field'], ['/as_of']],
      [
        await service.get(`${url}/impact`, { predicate: 'p' }),
        [422, 'unknown_field'],
        ['/predicate'],
      ],
      [await service.post(`${url}/retract`, {}), [422, 'missing_field'], ['/reason']],
      [await retract(service, bad, { target: bad }), [422, 'unknown_field'], ['/target']],
      [await retract(service, bad, { if_position: 'x' }), [422, 'invalid_field'], ['/if_position']],
      [
        await retract(service, bad, { if_position: `${logId}.999999` }),
        [422, 'invalid_field'],
        ['/if_position'],
      ],
    ];
    for (const [answer, expected, at] of refused) {
      assert.deepEqual(code(answer), expected, answer.text);
      assert.deepEqual(pointers(answer), at);
    }
    const other = await retract(service, bad, { if_position: `${'0'.repeat(32)}.1` });
    assert.deepEqual(code(other), [409, 'conflict']);
  }),
);

test(
  'a retraction takes what every supersession that is written may say',
  withService(async (service) => {
    const bad = await addSource(service, 'bad');
    made(await retract(service, bad, { kind: 'supersession', v: 1, asserted_at: startMs }));
    const again = { reason: 'it was made up', target: bad, action: 'retract', v: 1 };
    const same = await service.post('/v1/supersede', { ...again, asserted_at: startMs });
    assert.equal(same.status, 200, same.text);
    assert.deepEqual(code(await retract(service, bad, { v: 2 })), [422, 'invalid_field']);
  }),
);

/** Reads of the log that an impact costs, and how many claims it walked over. */
const costOf = async (
  service: HttpService,
  source: string,
): Promise<{ readonly reads: number; readonly dependants: number }> => {
  const { log } = service.target.database;
  const read = log.read.bind(log);
  let reads = 0;
  log.read = (...place) => {
    reads += 1;
    return read(...place);
  };
  try {
    const { dependants } = await impact(service, source);
    return { reads, dependants };
  } finally {
    log.read = read;
  }
};

test(
  'impact costs what the dependants cost, whatever else there is',
  withService(
    async (service) => {
      const source = await addSource(service, 'few');
      const other = await addSource(service, 'many');
      for (let at = 0; at < 10; at += 1) await claim(service, `f/${at}`, { value: at, source });
      const before = await costOf(service, source);
      for (let at = 0; at < 100; at += 1) {
        await claim(service, `g/${at}`, { value: at, source: other });
      }
      assert.deepEqual(await costOf(service, source), before);
      assert.ok(before.reads <= 10 * before.dependants, `${before.reads} reads`);
      const { reads } = await costOf(service, other);
      assert.ok(reads > 5 * before.reads, `${reads} reads`);
    },
    { cacheBytesMax: 0 },
  ),
);

test(
  'an impact that takes too long is given up',
  withService(
    async (service) => {
      const { bad } = await scene(service);
      const answer = await service.get(`/v1/sources/${bad}/impact`);
      assert.deepEqual(code(answer), [504, 'query_timeout']);
    },
    {
      replace: (deps, { database }) => ({
        ...deps,
        impacts: {
          ...deps.impacts,
          impact: async (principal, question) => {
            const abort = new AbortController();
            abort.abort();
            return database.impacts.impact(principal, question, abort.signal);
          },
        },
      }),
    },
  ),
);
