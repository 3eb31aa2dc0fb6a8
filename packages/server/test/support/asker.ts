/** Asks a server many questions over a few connections that stay open. */
import { Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';

/** What a question gets: the status, and the answer's bytes as they came. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** The members of a question, as a query string has them. */
export type Asked = Readonly<Record<string, string>>;

/** Longer than the server's own limit for a question: a server that is silent so long hangs. */
const patienceMs = 30_000;

const askOver = (agent: Agent, url: string): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: patienceMs }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, text: body });
      }, reject);
    });
    request.on('timeout', () => request.destroy(new Error(`No answer to ${url}`)));
    request.on('error', reject);
  });

/** Answers in the order of the questions, `atOnce` of them under way. */
export const askAll = async (
  url: string,
  questions: readonly Asked[],
  atOnce = 8,
): Promise<readonly RawAnswer[]> => {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const answers: RawAnswer[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < questions.length; at = next++) {
      const search = new URLSearchParams(questions[at]);
      answers[at] = await askOver(agent, `${url}/v1/query?${search}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    agent.destroy();
  }
  return answers;
};

/** The bytes of `results`, which do not change with the moment or number of the question. */
export const resultsOf = ({ status, text: body }: RawAnswer): string => {
  const from = body.indexOf('"results":');
  const to = Math.max(body.lastIndexOf(',"next_cursor":'), body.lastIndexOf(',"query_id":'));
  if (status !== 200 || from < 0 || to < from) throw new Error(`No answer: ${status} ${body}`);
  return body.slice(from, to);
};
