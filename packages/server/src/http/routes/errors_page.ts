/** `GET /errors`: the error table as a page, where the `type` of every problem leads. */
import { Type } from '@sinclair/typebox';
import { errorTable } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';

export async function errorsPageRoute(app: FastifyInstance): Promise<void> {
  app.get('/errors', {
    schema: {
      operationId: 'errors',
      tags: ['operations'],
      summary: 'What each error code means',
      response: {
        200: {
          description: 'A page with one anchor for each code.',
          content: { 'text/html': { schema: Type.String() } },
        },
      },
    },
    handler: async (_request, reply) =>
      reply.header('content-type', 'text/html; charset=utf-8').send(page),
  });
}

const rows = Object.entries(errorTable)
  .map(([code, { status, title, retryable }]) => {
    const again = retryable ? 'the same request may succeed later' : 'change the request first';
    return `<dt id="${code}"><code>${code}</code></dt><dd>${title} (${status}; ${again})</dd>`;
  })
  .join('\n');

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>StemeDB: error codes</title></head>
<body>
<h1>Error codes</h1>
<dl>
${rows}
</dl>
</body>
</html>
`;
