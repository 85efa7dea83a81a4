import {
  type AsyncResult,
  consoleLogger,
  createServer,
  type CreateServerOptions,
  type TaskState,
} from '../../src/index.ts'
import { calls } from '../01-embedded/calls.ts'
import { tasks } from '../01-embedded/tasks.ts'
import { workflows } from '../01-embedded/workflows.ts'

const RESULT_WITHIN_MS = 30_000

const USAGE = `usage: node main.ts worker | send

  worker   runs tasks until SIGINT or SIGTERM
  send     sends the calls and workflows of the example, and prints their results`

/** Machinery's example program on one broker: `worker` in one terminal, `send` in another. Answers the exit code. */
export async function runProgram(
  options: Pick<CreateServerOptions, 'broker' | 'resultBackend'>,
  args: readonly string[],
): Promise<number> {
  const [command, ...more] = args
  if (more.length > 0 || (command !== 'worker' && command !== 'send')) {
    console.error(USAGE)
    return 2
  }
  await using server = await createServer({ ...options, tasks, logger: consoleLogger('info') })
  if (command === 'worker') {
    const worker = await server.startWorker({ name: 'machinery_worker', concurrency: 10 })
    await worker.closed
    return 0
  }
  let wrong = 0
  for (const { text, send, check } of calls) {
    const sent = await send(server)
    const state = await endOf(sent)
    const result = state.state === 'SUCCESS' ? await sent.get() : undefined
    console.log(`${text} = ${state.state === 'SUCCESS' ? JSON.stringify(result) : `error: ${state.error}`}`)
    const problem = check(state, result)
    if (problem === undefined) continue
    wrong += 1
    console.error(`WRONG  ${problem}`)
  }
  for (const { text, send } of workflows) {
    const sent = await send(server)
    console.log(`${text} = ${JSON.stringify(await sent.get({ timeoutMs: RESULT_WITHIN_MS }))}`)
  }
  return wrong === 0 ? 0 : 1
}

/** The last state of a task. */
async function endOf(sent: AsyncResult<unknown>): Promise<TaskState> {
  let last: TaskState | undefined
  for await (const state of sent.watch({ timeoutMs: RESULT_WITHIN_MS })) last = state
  if (last === undefined) throw new Error(`${sent.uuid} has no state`)
  return last
}
