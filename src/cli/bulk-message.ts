import { MachineryError } from '../core/errors.ts'
import { parseGoDuration } from '../core/go-duration.ts'
import { parseRetryPolicy, type DataRetryPolicy } from '../core/retry-policy.ts'
import { optionError, refuseUnknownKeys } from '../task/option-error.ts'
import type { SendOptions } from '../task/send-options.ts'
import type { Signature } from '../task/signature.ts'
import { signature, typed } from '../task/untyped-signature.ts'
import { exactJson } from './argument-values.ts'
import { instantOf } from './instants.ts'

const KNOWN = [
  'task',
  'args',
  'uuid',
  'queue',
  'in',
  'at',
  'retry',
  'backoff',
  'priority',
  'headers',
  'immutable',
  'noResult',
]

/**
 * The signature of one line of NDJSON: `{"task":"add","args":[1,2]}`, with the options of `machinery send` as further keys.
 * An argument `{"type":"int32","value":1}` has that type of Go's.
 * @throws `ERR_OPTION_INVALID` and `ERR_ARGUMENTS_INVALID` naming what is wrong
 */
export function bulkMessage(line: string, defaults: SendOptions): Signature<unknown[], unknown> {
  const given = objectOf(line)
  refuseUnknownKeys('a line', given, KNOWN)
  const { task, args = [] } = given
  if (typeof task !== 'string' || task === '') throw optionError('task', task, 'the name of a task')
  if (!Array.isArray(args)) throw optionError('args', args, 'an array of arguments')
  const options = { ...defaults, ...optionsOf(given) }
  return signature(task, args.map(argumentOf), options)
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  let parsed: unknown
  try {
    parsed = exactJson(line)
  } catch (cause) {
    throw new MachineryError('ERR_OPTION_INVALID', 'it is no JSON; {"task":"add","args":[1,2]} is right', {
      cause,
    })
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
  throw optionError('a line', parsed, 'an object such as {"task":"add","args":[1,2]}')
}

function argumentOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const keys = Object.keys(value)
  if (keys.length !== 2 || !('type' in value) || !('value' in value) || typeof value.type !== 'string')
    return value
  return typed(value.type, value.type === 'time.Time' ? new Date(String(value.value)) : value.value)
}

/** Options under the names of the command line where those say more, else of `SendOptions`, which checks the values. */
function optionsOf(given: Readonly<Record<string, unknown>>): SendOptions {
  const { task: _task, args: _args, queue, in: delay, at, retry, backoff, ...others } = given
  return {
    ...others,
    ...(retry === undefined ? {} : { retryCount: retry as number }),
    ...(queue === undefined ? {} : { routingKey: queue as string }),
    ...(delay === undefined ? {} : { delayMs: delayMs(delay) }),
    ...(at === undefined ? {} : { eta: eta(at) }),
    ...(backoff === undefined ? {} : { retry: backoffOf(backoff) }),
  }
}

function backoffOf(value: unknown): DataRetryPolicy {
  if (typeof value === 'string') return parseRetryPolicy(value)
  throw optionError('backoff', value, 'a policy such as "fixed 5000"')
}

function delayMs(value: unknown): number {
  if (typeof value === 'string') return Number(parseGoDuration(value) / 1_000_000n)
  throw optionError('in', value, 'a duration such as "5m"')
}

function eta(value: unknown): number {
  const epochMs = typeof value === 'string' ? instantOf(value) : undefined
  if (epochMs !== undefined) return epochMs
  throw optionError('at', value, 'an instant such as "2026-11-24T09:00:00Z"')
}
