import { sleep, systemClock } from '../../src/core/clock.ts'
import { EMPTY_MESSAGE } from '../../src/core/message.ts'
import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker } from '../../src/core/ports/broker.ts'
import { isTerminal } from '../../src/core/task-state.ts'
import { encodeMessage } from '../../src/core/wire/message-codec.ts'
import { work } from './fault-work.ts'

const POLL_MS = 10
/** After so long the message may have been lost with its answer; the task runs once, however often it is sent. */
const SEND_AGAIN_MS = 1_000
const AHEAD_OF_ALL = 255

/** Sends a task that comes before all others, again and again, until it has ended. */
export async function probe(
  { broker, backend }: { readonly broker: Broker; readonly backend: Backend },
  queue: string,
  uuid: string,
): Promise<void> {
  const args = [{ name: '', type: 'int64', value: '0' }]
  const body = encodeMessage({ ...EMPTY_MESSAGE, uuid, name: work.name, args, routingKey: queue })
  const message = { queue, body, delayMs: 0, priority: AHEAD_OF_ALL, uuid, orderingKey: '' }
  let sentAt = -Infinity
  for (;;) {
    if (systemClock.monotonic() - sentAt > SEND_AGAIN_MS) {
      const [sent] = await broker.publish([message])
      if (sent?.outcome !== 'refused') sentAt = systemClock.monotonic()
    }
    if (await hasEnded(backend, uuid)) return
    await sleep(systemClock, POLL_MS)
  }
}

async function hasEnded(backend: Backend, uuid: string): Promise<boolean> {
  try {
    const [state] = await backend.tasks.get([uuid])
    return state !== undefined && isTerminal(state.state)
  } catch {
    // It cannot be reached yet.
    return false
  }
}
