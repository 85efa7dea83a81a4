import { MachineryError } from '../core/errors.ts'

/** A longer line is no message: the limit on one is far below. */
const LONGEST_LINE = 16_777_216

/**
 * The lines of a stream of UTF-8, one after the other; the stream is read no further than they are wanted.
 * @throws `ERR_LIMIT_EXCEEDED` for a line of more than 16 MiB
 */
export async function* textLines(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  let count = 0
  for await (const chunk of chunks) {
    const parts = (
      rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    ).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      count += 1
      yield part
    }
    if (rest.length > LONGEST_LINE)
      throw new MachineryError(
        'ERR_LIMIT_EXCEEDED',
        `line ${count + 1} is longer than ${LONGEST_LINE} characters`,
      )
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
