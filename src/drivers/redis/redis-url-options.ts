import { MachineryError } from '../../core/errors.ts'
import type { RedisStoreOptions } from './redis-options.ts'

type UrlOptions = Pick<
  RedisStoreOptions,
  'url' | 'masterName' | 'cluster' | 'delayedKey' | 'durability' | 'wire' | 'interop' | 'leaseMs'
>

const RIGHT = 'masterName, cluster=true|false, delayedKey, durability, wire, interop and leaseMs are right'

/**
 * A URL with options after a question mark, as options of `redisStore`:
 * `redis://a:26379,b:26379/0?masterName=mymaster&durability=replicated`. What the values may be, the store checks.
 * @throws `ERR_OPTION_INVALID` for an unknown option, or a value that is no number or boolean where one is needed
 */
export function redisUrlOptions(url: string): UrlOptions {
  // A password may contain anything, a question mark too.
  const from = url.indexOf('?', url.lastIndexOf('@') + 1)
  if (from < 0) return { url }
  const options: Record<string, unknown> = { url: url.slice(0, from) }
  for (const [name, value] of new URLSearchParams(url.slice(from + 1))) options[name] = valueOf(name, value)
  return options
}

function valueOf(name: string, value: string): unknown {
  switch (name) {
    case 'masterName':
    case 'delayedKey':
    case 'durability':
    case 'wire':
    case 'interop':
      return value
    case 'cluster':
      if (value === 'true' || value === 'false') return value === 'true'
      break
    case 'leaseMs':
      if (/^\d+$/.test(value)) return Number(value)
      break
    default:
      // What is no option may be part of a password.
      throw new MachineryError('ERR_OPTION_INVALID', `redis: has the unknown option ${name}; ${RIGHT}`)
  }
  throw new MachineryError('ERR_OPTION_INVALID', `redis: has ${name}=${value}; ${RIGHT}`)
}
