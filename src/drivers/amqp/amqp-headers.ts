import type { AmqpMessage, AmqpTable } from './amqp-client.ts'

// Headers that this driver adds. Go's workers ignore headers: everything they need is in the body.

/** How often a message was handed over before, where the server does not count it. */
const DELIVERIES = 'mq-deliveries'
/** Epoch ms before which a delayed message must not run. */
const DUE_AT = 'mq-due'
/** Where a message goes that waits in a queue of Go's kind, under the name of that one. */
const QUEUE = 'mq-queue'
/** Of dead letters: id, reason, epoch ms, deliveries before. */
const DEAD_ID = 'mq-dead-id'
const DEAD_REASON = 'mq-dead-reason'
const DEAD_AT = 'mq-dead-at'
/** What a quorum queue counts: every time that a message came back. */
const SERVER_DELIVERIES = 'x-delivery-count'

const LONGEST_REASON = 8_192

/** How often a message was handed over before, as far as it can be known. */
export interface DeliveryCount {
  readonly count: number
  /** The server says only that it was handed over before, and will not count further. */
  readonly isUncounted: boolean
}

/** What the headers and the redelivery flag of a delivery say. */
export function deliveryCount({ fields, properties }: AmqpMessage): DeliveryCount {
  const own = wholeNumber(properties.headers?.[DELIVERIES])
  const server = properties.headers?.[SERVER_DELIVERIES]
  const isUncounted = fields.redelivered && server === undefined
  return { count: own + wholeNumber(server) + (isUncounted ? 1 : 0), isUncounted }
}

/** Epoch ms before which a message must not run; undefined when it says nothing. */
export function dueAt({ properties }: AmqpMessage): number | undefined {
  const due = properties.headers?.[DUE_AT]
  return typeof due === 'number' && Number.isFinite(due) ? due : undefined
}

/** Where a message that is held back goes. */
export function queueOf({ fields, properties }: AmqpMessage): string {
  const queue: unknown = properties.headers?.[QUEUE]
  return typeof queue === 'string' ? queue : fields.routingKey
}

/** Headers of a message that waits under another name. */
export const queueHeaders = (queue: string): AmqpTable => ({ [QUEUE]: queue })

/** Headers of a message that goes to its queue. */
export function countHeaders(count: number): AmqpTable {
  return count === 0 ? {} : { [DELIVERIES]: count }
}

/** Headers of a message that is held back. */
export function dueHeaders(count: number, due: number): AmqpTable {
  return { ...countHeaders(count), [DUE_AT]: due }
}

/** What a dead letter says about itself. */
export interface DeadFacts {
  readonly id: string
  readonly reason: string
  readonly deadAt: number
  readonly deliveryCount: number
}

/** A reason longer than 8,192 characters is cut: headers must fit into a frame. */
export function deadHeaders({ id, reason, deadAt, deliveryCount: count }: DeadFacts): AmqpTable {
  return {
    ...countHeaders(count),
    [DEAD_ID]: id,
    [DEAD_REASON]: reason.slice(0, LONGEST_REASON).toWellFormed(),
    [DEAD_AT]: deadAt,
  }
}

/** A message that another program put there has no id: its place in the queue names it. */
export function deadFacts({ properties }: AmqpMessage, place: number): DeadFacts {
  const headers = properties.headers ?? {}
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return {
    id: text(headers[DEAD_ID]) || `at-${place}`,
    reason: text(headers[DEAD_REASON]) || text(headers['x-first-death-reason']),
    deadAt: wholeNumber(headers[DEAD_AT]),
    deliveryCount: wholeNumber(headers[DELIVERIES]),
  }
}

function wholeNumber(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
