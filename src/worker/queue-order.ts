import type { Clock } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { Consumer } from '../core/ports/broker.ts'
import type { WorkerOptions } from './worker-options.ts'

/** One queue that a worker consumes from. */
export interface QueueLine {
  readonly queue: string
  /** Share of the claims, against those of the other queues. */
  readonly weight: number
  readonly consumer: Consumer
}

/** Names and weights of the queues of a worker, and the order in which they are asked. */
export interface QueuePlan {
  readonly queues: readonly { readonly queue: string; readonly weight: number }[]
  readonly order: 'weighted' | 'strict'
}

/**
 * Reads the options `queues` and `order`.
 * @throws `ERR_OPTION_INVALID` for no queue, an empty or repeated name, or a weight that is not above 0.
 */
export function queuePlan(options: WorkerOptions, defaultQueue: string): QueuePlan {
  const { queues = defaultQueue } = options
  const named =
    typeof queues === 'string'
      ? [[queues, 1] as const]
      : Array.isArray(queues)
        ? (queues as readonly string[]).map((queue) => [queue, 1] as const)
        : Object.entries(queues as Readonly<Record<string, number>>)
  if (named.length === 0)
    throw new MachineryError('ERR_OPTION_INVALID', 'queues is empty; at least one queue name is right')
  const seen = new Set<string>()
  for (const [queue, weight] of named) {
    if (queue === '' || seen.has(queue)) {
      throw new MachineryError(
        'ERR_OPTION_INVALID',
        `queues names "${queue}"; names that are not empty and not repeated are right`,
      )
    }
    if (!Number.isFinite(weight) || weight <= 0) {
      throw new MachineryError(
        'ERR_OPTION_INVALID',
        `queues gives "${queue}" the weight ${weight}; a number above 0 is right`,
      )
    }
    seen.add(queue)
  }
  const isList = typeof queues === 'string' || Array.isArray(queues)
  return {
    queues: named.map(([queue, weight]) => ({ queue, weight })),
    order: options.order ?? (isList ? 'strict' : 'weighted'),
  }
}

/**
 * The order of one round. Strict: as listed. Weighted: a random permutation in which each queue comes first as often as
 * its share says, so that a heavy queue cannot starve a light one.
 */
export function queueOrder(
  lines: readonly QueueLine[],
  order: 'weighted' | 'strict',
  clock: Clock,
): readonly QueueLine[] {
  if (order === 'strict') return lines
  const left = [...lines]
  const ordered: QueueLine[] = []
  while (left.length > 0) {
    let mark = clock.random() * left.reduce((sum, line) => sum + line.weight, 0)
    const found = left.findIndex((line) => (mark -= line.weight) < 0)
    ordered.push(...left.splice(Math.max(0, found), 1))
  }
  return ordered
}
