import { MachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import type { DeadLetter, Inspector } from '../core/ports/inspector.ts'
import { decodeMessage } from '../core/wire/message-codec.ts'
import { downstreamOf } from '../workflow/downstream.ts'
import { upstreamText } from '../workflow/hand-off.ts'
import { CANCELLED, cancelTasks } from './async-result.ts'
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
  let moved = 0
  for (let offset = 0; ;) {
    const page = await inspector.dead(queue, { offset, limit: PAGE })
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
    if (ids !== undefined && moved >= ids.length) return moved
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
    await backend.tasks.reopen([
      { uuid: message.uuid, errorPrefix: '' },
      ...[...downstreamOf(message)].map((next) => ({ uuid: next.uuid, errorPrefix })),
    ])
    if (message.groupUuid !== '') await backend.groups.reopen(message.groupUuid, message.uuid)
  }
}

/** Removes what waits in a queue, pending and delayed; whoever waits for one of the tasks learns that it was cancelled. */
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
  const withState = messages.filter((message) => message.uuid !== '' && !message.noBackend)
  const tasks = withState.map(({ uuid, name }) => ({ uuid, taskName: name }))
  await cancelTasks(runtime, tasks, CANCELLED + reason)
}
