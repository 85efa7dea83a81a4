import { MachineryError } from '../../core/errors.ts'

/** What the protocol takes, less what companions add to a name. */
const LONGEST_NAME_BYTES = 245

/** Begin of the names that belong to the driver: its exchanges, and the queues of delayed messages. */
export const OWN_PREFIX = 'mq.'

/** Where the dead letters of a queue are. */
export const deadQueueOf = (queue: string): string => `${queue}.dead`

/** Why a queue cannot have this name; undefined if it can. */
export function queueNameError(queue: string, exchangeType: 'direct' | 'topic'): MachineryError | undefined {
  const right = rightName(queue, exchangeType)
  if (right === undefined) return undefined
  const text = `queue is ${JSON.stringify(queue)}; ${right}`
  return new MachineryError('ERR_OPTION_INVALID', text, { details: { queue } })
}

function rightName(queue: string, exchangeType: 'direct' | 'topic'): string | undefined {
  if (queue === '') return 'it must not be empty'
  if (Buffer.byteLength(queue) > LONGEST_NAME_BYTES)
    return `it must not have more than ${LONGEST_NAME_BYTES} bytes`
  if (queue.startsWith('amq.')) return 'names that begin with amq. are those of the server'
  if (queue.startsWith(OWN_PREFIX)) return `names that begin with ${OWN_PREFIX} are those of the driver`
  const isPattern = exchangeType === 'topic' && /(^|\.)[*#](\.|$)/.test(queue)
  return isPattern ? 'on a topic exchange it must not have * or # for a word' : undefined
}

/** Whether a topic exchange routes `key` to a binding of `pattern`: `*` is one word, `#` any number of them. */
export function matchesTopic(pattern: string, key: string): boolean {
  const words = key.split('.')
  const match = (rest: readonly string[], from: number): boolean => {
    const [first, ...others] = rest
    if (first === undefined) return from === words.length
    if (first === '#') {
      for (let next = from; next <= words.length; next++) if (match(others, next)) return true
      return false
    }
    return from < words.length && (first === '*' || first === words[from]) && match(others, from + 1)
  }
  return match(pattern.split('.'), 0)
}
