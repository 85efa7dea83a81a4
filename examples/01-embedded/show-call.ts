import { isTerminal, type ProducerServer } from '../../src/index.ts'
import type { Call } from './calls.ts'
import type { WorkerProcesses } from './worker-processes.ts'

/** Prints one line. */
export type Show = (call: string, state: string, detail: string) => void

/** What showing a call needs. */
export interface ShowContext {
  readonly server: ProducerServer
  readonly workers: WorkerProcesses
  readonly show: Show
  /** Ends all waits. */
  readonly signal: AbortSignal
}

/**
 * Sends a call and shows each state that is seen until it has ended. Answers what is wrong, if anything is.
 * @throws the signal's reason.
 */
export async function showCall(
  { text, send, check }: Call,
  { server, workers, show, signal }: ShowContext,
): Promise<string | undefined> {
  const sent = await send(server)
  show(text, 'sent', sent.uuid)
  for await (const state of sent.watch({ signal })) {
    if (!isTerminal(state.state)) {
      show(text, state.state, state.error)
      continue
    }
    const result = state.state === 'SUCCESS' ? await sent.get({ signal }) : undefined
    const { worker, attempt } = await workers.lastRun(sent.uuid, signal)
    const outcome = state.state === 'SUCCESS' ? JSON.stringify(result) : state.error
    show(text, state.state, `${outcome}  (${worker}, attempt ${attempt})`)
    return check(state, result)
  }
  return 'its states ended before it did'
}
