import { isDeepStrictEqual } from 'node:util'
import { chain, chord, group, type AsyncResult, type Server } from '../../src/index.ts'
import type { Show } from './show-call.ts'
import { add, multiply } from './tasks.ts'

/** One workflow of the demo, and what it has to come to. */
interface Workflow {
  readonly text: string
  readonly expected: unknown
  readonly send: (server: Server) => Promise<AsyncResult<unknown>>
}

/** The workflows of Machinery's example program. */
export const workflows: readonly Workflow[] = [
  {
    text: 'group(add(1, 1), add(2, 2), add(5, 6))',
    expected: [2, 4, 11],
    send: (server) => server.send(group([add(1, 1), add(2, 2), add(5, 6)])),
  },
  {
    text: 'multiply(add(1, 1), add(5, 5)), a chord',
    expected: 20,
    send: (server) => server.send(chord([add(1, 1), add(5, 5)], multiply())),
  },
  {
    text: 'multiply(4, add(5, 5, add(1, 1)))',
    expected: 48,
    send: (server) => server.send(chain(add(1, 1), add(5, 5), multiply(4))),
  },
]

/** Sends a workflow and shows how its tasks and itself ended. Answers what is wrong, if anything is. */
export async function showWorkflow(
  { text, expected, send }: Workflow,
  server: Server,
  show: Show,
  signal: AbortSignal,
): Promise<string | undefined> {
  const sent = await send(server)
  show(text, 'sent', sent.uuid)
  const result = await sent.get({ signal })
  for (const { taskName, state } of await sent.steps()) {
    const values = state?.results.map(({ value }) => value).join(', ')
    show('', state?.state ?? '', `${taskName} gave ${values}`)
  }
  show(text, 'SUCCESS', JSON.stringify(result))
  return isDeepStrictEqual(result, expected)
    ? undefined
    : `it should have returned ${JSON.stringify(expected)}`
}

/** Schedules a chain every second, waits for its first tick, and runs it once besides. Answers what is wrong, if anything is. */
export async function showPeriodic(
  server: Server,
  show: Show,
  signal: AbortSignal,
): Promise<string | undefined> {
  const text = "schedule('ten', '@every 1s', add, add)"
  await server.schedule('ten', '@every 1s', chain(add(2, 3), add(5)))
  const next = await server.schedules.preview('ten', 2)
  show(text, 'next', next.map((at) => new Date(at).toISOString().slice(11, 23)).join(', '))
  for (;;) {
    signal.throwIfAborted()
    const [schedule] = await server.schedules.list()
    if (schedule?.lastTickAt !== undefined) {
      show(text, 'ticked', new Date(schedule.lastTickAt).toISOString().slice(11, 23))
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const [uuid = ''] = await server.schedules.runNow('ten')
  const result = await server.result(uuid).get({ signal })
  show(text, 'run now', JSON.stringify(result))
  await server.schedules.remove('ten')
  return result === 10 ? undefined : 'it should have returned 10'
}
