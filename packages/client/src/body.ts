/** The body of an answer as text. */

/** A piece for each that arrives, also for one that only begins a character (UTF-8). */
export async function* textOfBody(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string, void> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      yield done ? decoder.decode() : decoder.decode(value, { stream: true });
      if (done) return;
    }
  } finally {
    // Ends the connection when the reader stops early; after the end it does nothing.
    await reader.cancel().catch(() => undefined);
  }
}
