import { MachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import type { DeadLetter, Inspector } from '../core/ports/inspector.ts'
import { nowRfc3339 } from '../core/rfc3339.ts'
import { decodeMessage } from '../core/wire/message-codec.ts'
import { downstreamOf } from '../workflow/downstream.ts'
import { upstreamText } from '../workflow/hand-off.ts'
import { CANCELLED } from './async-result.ts'
import type { Runtime } from './runtime.ts'

/** Messages read at once from a long list. */
const PAGE = 500

/**
 * The broker's view into its queues.
 * @throws `ERR_UNSUPPORTED` where the broker has none.
 */
export function inspectorOf(runtime: Runtime): Inspector {
  if (runtime.broker.inspector !== undefined) return runtime.broker.inspector
  throw new MachineryError('ERR_UNSUPPORTED', 'this broker cannot look into its queues')
}

/** Decodes what can be decoded; a message that cannot is left out, it will be dead-lettered when it is delivered. */
export function readable(runtime: Runtime, bodies: readonly Uint8Array[]): Message[] {
  return bodies.flatMap((body) => {
    try {
      return [decodeMessage(body, runtime.limits)]
    } catch {
      return []
    }
  })
}

/**
 * Dead letters back to their queue, with the same bytes. Their states, what they told their groups, and the FAILUREs they caused
 * downstream are reopened first, so that they run again.
 */
export async function redrive(
  runtime: Runtime,
  queue: string,
  ids: readonly string[] | undefined,
): Promise<number> {
  const inspector = inspectorOf(runtime)
  // What fails again meanwhile joins the end of the list: without an end of its own this would go on for ever.
  let left = (await inspector.stats(queue)).dead
  let moved = 0
  for (let offset = 0; ;) {
    const page = await inspector.dead(queue, { offset, limit: Math.min(PAGE, left) })
    if (page.length === 0) return moved
    const wanted = ids === undefined ? page : page.filter((letter) => ids.includes(letter.id))
    await reopen(runtime, wanted)
    const count =
      wanted.length === 0
        ? 0
        : await inspector.redrive(
            queue,
            wanted.map((letter) => letter.id),
          )
    moved += count
    // What was moved is gone from the list; what was left, or moved by somebody else meanwhile, is passed over.
    offset += page.length - count
    left -= page.length
    if (left <= 0 || (ids !== undefined && moved >= ids.length)) return moved
  }
}

async function reopen(runtime: Runtime, letters: readonly DeadLetter[]): Promise<void> {
  const { backend } = runtime
  if (backend === undefined) return
  for (const message of readable(
    runtime,
    letters.map((letter) => letter.body),
  )) {
    if (message.uuid === '') continue
    const errorPrefix = upstreamText(message.uuid, '')
    const downstream = downstreamOf(message)
    const [, ...reopened] = await backend.tasks.reopen([
      { uuid: message.uuid, errorPrefix: '' },
      ...downstream.map((next) => ({ uuid: next.uuid, errorPrefix })),
    ])
    for (const member of [message, ...downstream.filter((_, index) => reopened[index])])
      if (member.groupUuid !== '') await backend.groups.reopen(member.groupUuid, member.uuid)
  }
}

/**
 * Removes what waits in a queue, pending and delayed; whoever waits for one of the tasks, or for one after it, learns that it
 * was cancelled.
 */
export async function purgeQueue(runtime: Runtime, queue: string): Promise<number> {
  const inspector = inspectorOf(runtime)
  const doomed: Message[] = []
  for (let offset = 0; ; offset += PAGE) {
    const bodies = await inspector.pending(queue, { offset, limit: PAGE })
    doomed.push(...readable(runtime, bodies))
    if (bodies.length < PAGE) break
  }
  for (let offset = 0; ; offset += PAGE) {
    const delayed = await inspector.delayed({ offset, limit: PAGE })
    doomed.push(
      ...readable(
        runtime,
        delayed.filter((item) => item.queue === queue).map((item) => item.body),
      ),
    )
    if (delayed.length < PAGE) break
  }
  const removed = await inspector.purge(queue, 'waiting')
  await cancelAll(runtime, doomed, `queue ${queue} was purged`)
  return removed
}

async function cancelAll(runtime: Runtime, messages: readonly Message[], reason: string): Promise<void> {
  const { backend, clock, resultsExpireInMs: expiresInMs } = runtime
  if (backend === undefined) return
  const createdAt = nowRfc3339(clock.now())
  const fail = (tasks: readonly Message[], error: string) =>
    backend.tasks.fail(
      tasks.map(({ uuid, name }) => ({
        uuid,
        taskName: name,
        error,
        createdAt,
        expiresInMs,
        over: ['PENDING', 'RETRY'],
      })),
    )
  const cancelled = messages.filter(hasState)
  for (let start = 0; start < cancelled.length; start += PAGE) {
    const chunk = cancelled.slice(start, start + PAGE)
    const outcomes = await fail(chunk, CANCELLED + reason)
    // A task that had ended before, of which this was a further copy, has its hand-off behind it.
    for (const message of chunk.filter((_, index) => outcomes[index] === 'written')) {
      const stopped = downstreamOf(message).filter(hasState)
      if (stopped.length > 0) await fail(stopped, upstreamText(message.uuid, CANCELLED + reason))
    }
  }
}

function hasState(message: Message): boolean {
  return message.uuid !== '' && !message.noBackend
}
