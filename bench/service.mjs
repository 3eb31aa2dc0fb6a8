// What somebody would build instead of StemeDB: the same HTTP service over PostgreSQL. The same
// framework; the same exact parser, validation, canonical form, hash and signature check, which
// are our model's; one durable row a claim, and a question answered with its rows unresolved.
//
//     node bench/service.mjs PORT SOCKET_FOLDER

import { fastify } from 'fastify';
import pg from 'pg';
import sodium from 'sodium-native';
import {
  blake3,
  canonicalBytes,
  normalizeTimes,
  parseJson,
  toHex,
  validateContent,
  verifySignature,
} from '../packages/model/dist/src/index.js';

const [port, socketFolder] = process.argv.slice(2);
const pool = new pg.Pool({ host: socketFolder, user: 'postgres', database: 'postgres', max: 16 });
/** The author of unsigned claims. */
const nodeAgent = 'a'.repeat(64);
const bodyBytesMax = 8 * 1024 * 1024;

const columns = 'hash, concept, predicate, recorded, agent, source, body, signatures';
const insertOne = {
  name: 'insert',
  text: `insert into claims (${columns}) values ($1, $2, $3, now(), $4, $5, $6, $7)
    on conflict (hash) do nothing`,
};
const insertMany = {
  name: 'insert_many',
  text: `insert into claims (${columns})
    select h, c, p, now(), a, s, b, g
    from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
      as rows (h, c, p, a, s, b, g)
    on conflict (hash) do nothing`,
};
const select = {
  name: 'select',
  text: `select body from claims where concept = $1 and predicate = $2
    order by recorded desc limit 20`,
};
/** The newest claim of each concept below a prefix; the collation is that of bytes. */
const browse = {
  name: 'browse',
  text: `select distinct on (concept) body from claims
    where concept >= $1 || '/' and concept < $1 || '0' and predicate = $2
    order by concept, recorded desc limit 100`,
};

class Refused extends Error {
  statusCode = 422;
}

function must(outcome) {
  if (!outcome.ok) throw new Refused(outcome.error.detail);
  return outcome.value;
}

function verify(signature, message, key) {
  return sodium.crypto_sign_verify_detached(
    Buffer.from(signature),
    Buffer.from(message),
    Buffer.from(key),
  );
}

/** A claim as it came in, as the values of its row. */
function readClaim(value) {
  const { signatures, ...stated } = value;
  const content = { kind: 'assertion', v: 1, agent_id: nodeAgent, asserted_at: Date.now() };
  const claim = must(validateContent(must(normalizeTimes('assertion', { ...content, ...stated }))));
  const bytes = canonicalBytes(claim);
  const hash = blake3(bytes);
  const id = toHex(hash);
  for (const { agent_id, signature } of signatures ?? []) {
    if (!verifySignature('assertion', id, agent_id, signature, verify)) {
      throw new Refused('a signature is not that of its agent');
    }
  }
  const body = Buffer.from(bytes).toString('utf8');
  const source = claim.source_uri ?? null;
  const kept = signatures === undefined ? null : JSON.stringify(signatures);
  const { concept_path, predicate, agent_id } = claim;
  const row = [Buffer.from(hash), concept_path, predicate, agent_id, source, body, kept];
  return { id, body, row };
}

function answerOf({ id, body }, isCreated) {
  return `{"id":"${id}","status":"${isCreated ? 'created' : 'duplicate'}","record":${body}}`;
}

async function assertOne(request, reply) {
  const claim = readClaim(request.body);
  const { rowCount } = await pool.query({ ...insertOne, values: claim.row });
  const isCreated = rowCount === 1;
  return reply.code(isCreated ? 201 : 200).send(answerOf(claim, isCreated));
}

async function assertMany(request, reply) {
  const claims = request.body.map(readClaim);
  const values = columnsOf(claims.map(({ row }) => row));
  const { rowCount } = await pool.query({ ...insertMany, values });
  const results = claims.map((claim) => answerOf(claim, true)).join(',');
  return reply.send(`{"results":[${results}],"created":${rowCount}}`);
}

/** Rows turned into one array for each column. */
function columnsOf(rows) {
  return rows[0].map((_, column) => rows.map((row) => row[column]));
}

/** Rows hold JSON, so the answer is put together from their text. */
async function query({ concept_path, prefix, predicate }, reply) {
  const statement = prefix === undefined ? select : browse;
  const { rows } = await pool.query({ ...statement, values: [prefix ?? concept_path, predicate] });
  return reply.send(`{"results":[${rows.map(({ body }) => body).join(',')}]}`);
}

const server = fastify({ logger: false, bodyLimit: bodyBytesMax });
server.removeAllContentTypeParsers();
server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
  const parsed = parseJson(body);
  if (parsed.ok) done(null, parsed.value);
  else done(new Refused(parsed.error.detail));
});
server.addHook('onRequest', async (_request, reply) => {
  reply.type('application/json; charset=utf-8');
});
server.post('/v1/assert', assertOne);
server.post('/v1/assert/batch', assertMany);
server.post('/v1/query', (request, reply) => query(request.body, reply));
server.get('/v1/query', (request, reply) => query(request.query, reply));
server.get('/v1/health', async () => {
  await pool.query('select 1');
  return { status: 'healthy' };
});
await server.listen({ host: '127.0.0.1', port: Number(port) });
