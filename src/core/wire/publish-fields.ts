import { type Message, withMessage } from '../message.ts'
import { parseRfc3339 } from '../rfc3339.ts'

const NANOS_PER_MS = 1_000_000n

/**
 * The message without what a consumer added to it, for every re-publish (go-core 1.5 rule 10): transport fields,
 * `IngestionTime`, `FirstReceived`, `ReceivedAt`. The same object when there is nothing to strip.
 */
export function stripTransport(message: Message): Message {
  const { transport, ingestionTime, firstReceived, receivedAt } = message
  if (transport === undefined && ingestionTime === '' && firstReceived === '' && receivedAt === '')
    return message
  return withMessage(message, { transport: undefined, ingestionTime: '', firstReceived: '', receivedAt: '' })
}

/**
 * How long a publisher must hold the message back, in milliseconds, rounded up so that it is never early:
 * `Delay` when it is positive, else what is left until `ETA`, else 0 (go-core 1.6). Nothing is ever held back on receipt.
 */
export function resolveDelayMs(message: Message, nowMs: number): number {
  if (message.delayNs > 0n) return Number((message.delayNs + NANOS_PER_MS - 1n) / NANOS_PER_MS)
  const eta = message.eta === '' ? undefined : parseRfc3339(message.eta)
  if (eta === undefined) return 0
  return Math.max(0, Math.ceil(eta.epochMs + (eta.nanos > 0 ? 1 : 0) - nowMs))
}
