import type { Logger } from '../core/logger.ts'
import type { WorkerHooks } from './worker-options.ts'

/** Calls a hook. What it throws is logged: a hook is none of the business of a task, or of the worker. */
export function callHook(logger: Logger, name: keyof WorkerHooks, call: () => unknown): void {
  const failed = (error: unknown): void => logger.error({ err: error, hook: name }, 'a hook threw')
  try {
    const answer = call()
    if (answer instanceof Promise) answer.catch(failed)
  } catch (error) {
    failed(error)
  }
}
