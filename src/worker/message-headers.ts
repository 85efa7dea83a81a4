import type { Message } from '../core/message.ts'
import { parseRetryPolicy, type RetryPolicy } from '../core/retry-policy.ts'

const NONE: ReadonlyMap<string, string> = new Map()

/** The headers that are strings, decoded; others are foreign and stay on the wire only. */
export function stringHeaders(message: Message): ReadonlyMap<string, string> {
  if (message.headers === undefined || message.headers.size === 0) return NONE
  const decoded = new Map<string, string>()
  for (const [key, text] of message.headers) {
    if (text.startsWith('"')) decoded.set(key, JSON.parse(text) as string)
  }
  return decoded
}

/** A limit in ms that travels with the message; undefined when absent or not a positive number. */
export function headerMs(message: Message, key: 'mq-soft-ms' | 'mq-hard-ms'): number | undefined {
  const text = message.headers?.get(key)
  if (text === undefined || !text.startsWith('"')) return undefined
  const ms = Number(JSON.parse(text))
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}

/** The retry policy that travels with the message; undefined when absent or unreadable, so that a bad header costs no task. */
export function headerRetryPolicy(message: Message): RetryPolicy | undefined {
  const text = message.headers?.get('mq-retry')
  if (text === undefined || !text.startsWith('"')) return undefined
  try {
    return parseRetryPolicy(JSON.parse(text) as string)
  } catch {
    return undefined
  }
}
