import type { FindingLevel } from '../../core/ports/diagnosis.ts'
import type { AmqpTable } from './amqp-client.ts'

/** What is known of a queue when its rules are looked at. */
export interface RuledQueue {
  /** What it was declared with, as `x-max-length`. */
  readonly args: AmqpTable
  /** What the policies for it say, as `max-length`. */
  readonly policy: AmqpTable
  readonly ready: number
  /** Major version of the server; undefined where it is not known. */
  readonly major: number | undefined
}

/** A rule of a queue that loses messages, or may. */
export interface RuleRisk {
  readonly level: Exclude<FindingLevel, 'ok'>
  /** Completes the name of the queue to a sentence. */
  readonly text: string
}

/** What the server allows a consumer by default: 30 minutes (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout). */
const USUAL_CONSUMER_TIMEOUT_MS = 1_800_000
/** Of quorum queues without a limit, since RabbitMQ 4 (https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling). */
const USUAL_DELIVERY_LIMIT = 20
const FIRST_MAJOR_WITH_DELIVERY_LIMIT = 4

/** The rules of a queue that lose work, or may: limits, times to live, and returns that are counted. */
export function ruleRisks({ args, policy, ready, major }: RuledQueue): readonly RuleRisk[] {
  const risks: RuleRisk[] = []
  const text = (name: string): string | undefined => {
    const value = args[`x-${name}`] ?? policy[name]
    return typeof value === 'string' ? value : undefined
  }
  /** Where both name one, the lower counts (https://www.rabbitmq.com/docs/parameters#combining-policy-definitions). */
  const number = (name: string): number | undefined => {
    const both = [args[`x-${name}`], policy[name]].filter((value) => typeof value === 'number')
    return both.length === 0 ? undefined : Math.min(...both)
  }
  const warn = (what: string): void => void risks.push({ level: 'warning', text: what })
  const deadLetters = text('dead-letter-exchange')
  const drops = deadLetters === undefined ? 'drops' : `passes to the exchange ${JSON.stringify(deadLetters)}`

  const overflow = text('overflow') ?? 'drop-head'
  for (const [name, unit] of [
    ['max-length', 'messages'],
    ['max-length-bytes', 'bytes'],
  ] as const) {
    const limit = number(name)
    if (limit === undefined || overflow !== 'drop-head') continue
    const isFull = name === 'max-length' && ready >= limit
    const what = `${drops} its oldest messages beyond ${limit} ${unit} (${name} with overflow drop-head); overflow reject-publish, or no limit, is right`
    risks.push({ level: isFull ? 'problem' : 'warning', text: what })
  }
  const ttl = number('message-ttl')
  if (ttl !== undefined) {
    warn(`${drops} messages that have waited for ${ttl} ms (message-ttl); no message-ttl is right`)
  }
  const expires = number('expires')
  if (expires !== undefined) {
    warn(
      `is deleted with what is in it after ${expires} ms without a consumer (expires); no expires is right`,
    )
  }
  const timeout = number('consumer-timeout')
  if (timeout !== undefined && timeout < USUAL_CONSUMER_TIMEOUT_MS) {
    warn(
      `takes a message away from a worker that runs it for ${timeout} ms (consumer-timeout); more than the longest task takes is right`,
    )
  }
  const returns = number('delivery-limit') ?? usualDeliveryLimit(text('queue-type'), major)
  if (returns !== undefined && returns >= 0 && deadLetters === undefined) {
    warn(
      `drops a message after ${returns} returns (delivery-limit); a limit above maxDeliveries of the workers, or a dead-letter-exchange, is right`,
    )
  }
  return risks
}

function usualDeliveryLimit(type: string | undefined, major: number | undefined): number | undefined {
  const hasLimit = type === 'quorum' && major !== undefined && major >= FIRST_MAJOR_WITH_DELIVERY_LIMIT
  return hasLimit ? USUAL_DELIVERY_LIMIT : undefined
}
