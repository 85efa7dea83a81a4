import type { Server } from '../app/create-server.ts'
import { isMachineryError } from '../core/errors.ts'
import type { SendOptions } from '../task/send-options.ts'
import { bulkMessage } from './bulk-message.ts'
import type { CommandContext } from './command-context.ts'
import { EXIT, isUnreachable, type ExitCode } from './exit-code.ts'
import { ProgressLine } from './progress-line.ts'
import { problemText } from './run-command.ts'
import { textLines } from './text-lines.ts'

/** Sends that are under way at once: what is read ahead is no more than this. */
const AT_ONCE = 512

/** What became of the lines. */
export interface BulkCounts {
  sent: number
  refused: number
}

/**
 * Sends one task for each line of NDJSON. A line that is refused is told with its number, and the others go on; when the store
 * is out of reach no further line is read.
 */
export async function sendBulk(
  { output, clock, signal }: CommandContext,
  server: Server,
  input: AsyncIterable<Uint8Array | string>,
  defaults: SendOptions,
): Promise<ExitCode> {
  const counts: BulkCounts = { sent: 0, refused: 0 }
  const progress = new ProgressLine(output, clock, 'sent')
  const underWay = new Set<Promise<void>>()
  let line = 0
  let isDown = false

  const send = async (number: number, text: string): Promise<void> => {
    try {
      const { uuid } = await server.send(bulkMessage(text, defaults))
      counts.sent += 1
      progress.set(counts.sent)
      if (output.quiet || !output.isTable) await output.done('', { line: number, uuid }, uuid)
    } catch (error) {
      counts.refused += 1
      isDown ||= isUnreachable(error)
      progress.end()
      output.problem(`line ${number}: ${problemText(error)}${uncertain(error)}`)
    }
  }

  try {
    for await (const text of textLines(input)) {
      line += 1
      if (text.trim() !== '') {
        const one = send(line, text).finally(() => underWay.delete(one))
        underWay.add(one)
      }
      while (underWay.size >= AT_ONCE) await Promise.race(underWay)
      if (isDown || signal.aborted) break
    }
  } finally {
    await Promise.all(underWay)
    progress.end()
  }
  output.note(
    `${counts.sent} sent, ${counts.refused} refused${isDown ? `; nothing was read after line ${line}` : ''}`,
  )
  if (isDown) return EXIT.unreachable
  return counts.refused === 0 ? EXIT.ok : EXIT.no
}

/** Whether a line may be sent although it is told as refused. */
function uncertain(error: unknown): string {
  return isMachineryError(error, 'ERR_PUBLISH_UNCERTAIN') ? ' (it may have been sent)' : ''
}
