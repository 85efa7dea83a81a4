import type { Clock } from '../core/clock.ts'
import type { IdSource } from '../core/id.ts'
import type { Logger } from '../core/logger.ts'
import { withMessage, type Message } from '../core/message.ts'
import type { Backend } from '../core/ports/backend.ts'
import type { Broker, Outgoing } from '../core/ports/broker.ts'
import type { ControlStore } from '../core/ports/control-store.ts'
import type { SameStore } from '../core/ports/same-store.ts'
import { nowRfc3339 } from '../core/rfc3339.ts'
import type { Telemetry } from '../core/telemetry.ts'
import type { WireLimits } from '../core/wire/limits.ts'
import { decodeMessage, encodeMessage, type WireForm } from '../core/wire/message-codec.ts'
import { resolveDelayMs, stripTransport } from '../core/wire/publish-fields.ts'
import type { Registry } from '../task/registry.ts'
import type { HandOffContext } from '../workflow/hand-off.ts'
import type { ProcessFacts } from './process-facts.ts'

/** What a server and its workers share: the ports, and how this deployment writes messages. */
export interface Runtime {
  readonly broker: Broker
  readonly backend: Backend | undefined
  readonly sameStore: SameStore | undefined
  readonly control: ControlStore | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly ids: IdSource
  readonly registry: Registry
  readonly defaultQueue: string
  readonly resultsExpireInMs: number
  readonly limits: WireLimits
  readonly wire: WireForm
  readonly facts: ProcessFacts
  /** Undefined costs nothing. */
  readonly telemetry: Telemetry | undefined
}

/** The publish of a message: queue, delay and body settled. The body carries the due time, never a relative delay (go-core 1.5). */
export function toOutgoing(runtime: Runtime, message: Message): Outgoing {
  const queue = message.routingKey === '' ? runtime.defaultQueue : message.routingKey
  const now = runtime.clock.now()
  const delayMs = resolveDelayMs(message, now)
  const sent = withMessage(stripTransport(message), {
    routingKey: queue,
    delayNs: 0n,
    eta: delayMs > 0 ? nowRfc3339(now + delayMs) : '',
  })
  return {
    queue,
    body: encodeMessage(asGoSends(sent, runtime.wire), runtime.wire),
    delayMs,
    priority: message.priority,
    uuid: message.uuid,
    orderingKey: message.brokerMessageGroupId,
  }
}

const NO_HEADERS: NonNullable<Message['headers']> = new Map()

/** Where the bytes are exactly Go's: a send there leaves headers, if only empty ones, in the message and in its chord's callback (go-core 1.6). */
function asGoSends(message: Message, wire: WireForm): Message {
  if (wire !== 'full-upstream' && wire !== 'full-fork') return message
  const { headers = NO_HEADERS, chordCallback } = message
  if (chordCallback === undefined) return withMessage(message, { headers })
  const { headers: ofCallback = NO_HEADERS } = chordCallback
  return withMessage(message, { headers, chordCallback: withMessage(chordCallback, { headers: ofCallback }) })
}

/** What `workflow/` needs to turn a hand-off into writes and publishes; it follows the limits. */
export function handOffContext(runtime: Runtime): HandOffContext {
  return new RuntimeContext(runtime)
}

/** Made for each task that ends, of which few need any of it. */
class RuntimeContext implements HandOffContext {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get expiresInMs(): number {
    return this.#runtime.resultsExpireInMs
  }
  get hasBackend(): boolean {
    return this.#runtime.backend !== undefined
  }
  get maxBytes(): number {
    return this.#runtime.limits.maxBytes
  }

  createdAt(): string {
    return nowRfc3339(this.#runtime.clock.now())
  }

  toOutgoing(message: Message): Outgoing {
    return toOutgoing(this.#runtime, message)
  }
}

/** The publish of bytes that were recorded before: unchanged, with the delay that is left of them. */
export function recordedOutgoing(runtime: Runtime, body: Uint8Array): Outgoing {
  const message = decodeMessage(body, runtime.limits)
  return {
    queue: message.routingKey === '' ? runtime.defaultQueue : message.routingKey,
    body,
    delayMs: resolveDelayMs(message, runtime.clock.now()),
    priority: message.priority,
    uuid: message.uuid,
    orderingKey: message.brokerMessageGroupId,
  }
}
