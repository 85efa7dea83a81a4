import type { MachineryConfig } from '../app/config/machinery-config.ts'

const DEFAULT_QUEUE = 'machinery_tasks'

/** The queues that somebody asked for, those that workers consume, and the default one, each once. */
export function configuredQueues(
  { queues, defaultQueue = DEFAULT_QUEUE }: MachineryConfig,
  asked: readonly string[],
): readonly string[] {
  return [...new Set([...asked, ...workerQueues(queues), defaultQueue])]
}

function workerQueues(queues: MachineryConfig['queues']): readonly string[] {
  if (queues === undefined) return []
  if (typeof queues === 'string') return [queues]
  return Array.isArray(queues) ? (queues as readonly string[]) : Object.keys(queues)
}
