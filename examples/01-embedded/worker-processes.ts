import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import type { RunEnd } from './worker.ts'

const WORKER = new URL('worker.ts', import.meta.url)
const CLOSE_LIMIT_MS = 5_000

/** The worker processes of the demo. */
export interface WorkerProcesses extends AsyncDisposable {
  /**
   * Resolves to the last run of a task: which worker had it.
   * @throws the signal's reason.
   */
  lastRun(uuid: string, signal: AbortSignal): Promise<RunEnd>
}

/** Starts one process for each name and resolves when all of them wait for tasks. */
export async function startWorkers(names: readonly string[], url: string): Promise<WorkerProcesses> {
  const runs = new Map<string, RunEnd>()
  const news = new EventEmitter()
  const children = names.map((name) => fork(WORKER, [name, url]))
  for (const child of children) {
    child.on('message', (message: RunEnd | 'ready') => {
      if (message === 'ready' || message.end === 'retry') return
      runs.set(message.uuid, message)
      news.emit(message.uuid)
    })
  }
  const close = async (): Promise<void> => {
    await Promise.all(children.map(closeProcess))
  }
  try {
    await Promise.all(children.map(untilReady))
  } catch (error) {
    await close()
    throw error
  }
  return {
    lastRun: async (uuid, signal) => {
      if (!runs.has(uuid)) await once(news, uuid, { signal })
      return runs.get(uuid) as RunEnd
    },
    [Symbol.asyncDispose]: close,
  }
}

async function untilReady(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a worker process ended with code ${String(code)} before it was ready`)
  })
  await Promise.race([once(child, 'message'), ended])
  ended.catch(() => {})
}

/** SIGTERM lets the worker finish what it runs; one that does not end is killed. */
async function closeProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_LIMIT_MS)
  await ended
  clearTimeout(timer)
}
