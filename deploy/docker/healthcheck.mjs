// For the HEALTHCHECK of the container: exit code 0 when the server should be sent requests.
const address = process.env.STEMEDB_BIND_ADDR ?? '127.0.0.1:18180';
const port = address.split(':').at(-1);
const answer = await fetch(`http://127.0.0.1:${port}/v1/health/ready`).catch((error) => error);
if (answer.status !== 200) {
  process.stderr.write(`not ready: ${answer.status ?? answer.cause?.message ?? answer.message}\n`);
  process.exitCode = 1;
}
