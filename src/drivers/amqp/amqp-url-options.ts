import { MachineryError } from '../../core/errors.ts'
import type { AmqpStoreOptions } from './amqp-options.ts'
import { amqpUrls } from './amqp-urls.ts'

/** What a URL may say. What the values may be, the store checks. */
const TEXTS = ['exchange', 'exchangeType', 'defaultQueue', 'bindingKey', 'topology', 'delayedQueue'] as const
const NUMBERS = ['prefetchCount', 'heartbeatMs', 'publishTimeoutMs', 'resultsExpireInMs'] as const
const FLAGS = ['allowUnsafeChords'] as const
/** Those of the client library, which stay in the URL. */
const OF_LIBRARY = ['heartbeat', 'frameMax', 'channelMax', 'locale', 'maxFrameSize'] as const

const isOf = (names: readonly string[], name: string): boolean => names.includes(name)

/**
 * A URL, or several with a comma or the like between them, with options after the question mark of any of them, as options of
 * `amqpStore`: `amqp://localhost/vhost?exchange=jobs&queueType=quorum`.
 * @param urlSeparator as the option of `amqpStore`
 * @throws `ERR_OPTION_INVALID` for an unknown option, or a value that is no number or boolean where one is needed
 */
export function amqpUrlOptions(url: string, urlSeparator?: string): AmqpStoreOptions {
  const options: Record<string, unknown> = {}
  const urls = amqpUrls({ url, ...(urlSeparator === undefined ? {} : { urlSeparator }) }).map((one) => {
    const parsed = new URL(one)
    for (const [name, value] of [...parsed.searchParams]) {
      if (isOf(OF_LIBRARY, name)) continue
      parsed.searchParams.delete(name)
      if (name === 'queueType') options['queueArguments'] = { 'x-queue-type': value }
      else options[name] = valueOf(name, value)
    }
    return parsed.href
  })
  return { ...options, urls }
}

function valueOf(name: string, value: string): unknown {
  if (isOf(TEXTS, name)) return value
  if (isOf(NUMBERS, name) && /^\d{1,15}$/.test(value)) return Number(value)
  if (isOf(FLAGS, name) && (value === 'true' || value === 'false')) return value === 'true'
  const right = `queueType, ${[...TEXTS, ...NUMBERS, ...FLAGS, ...OF_LIBRARY].join(', ')} are right`
  throw new MachineryError('ERR_OPTION_INVALID', `amqp: has ${name}=${value}; ${right}`)
}
