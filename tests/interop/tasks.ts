import { once } from 'node:events'

import {
  bytes,
  contract,
  currentTask,
  float32,
  int64,
  results,
  string,
  type AnyTask,
} from '../../src/index.ts'

// The tasks of `go/tasks.go`, declared for senders. Both languages run them.

/** Sum of any number of integers of the whole range. */
export const add = contract('add', { args: [], rest: int64.big, returns: int64.big })
export const multiply = contract('multiply', { args: [], rest: int64.big, returns: int64.big })
/** Shows the order of its arguments. */
export const concat = contract('concat', { args: [], rest: string, returns: string })
export const several = contract('several', { args: [int64], returns: [int64, string, bytes, float32] })
export const nothing = contract('nothing', { args: [] })
export const fail = contract('fail', { args: [string] })
export const explode = contract('explode', { args: [string] })
/** Answers a text with all of its arguments. */
export const remember = contract('remember', { args: [string], rest: int64, returns: string })
/** Answers the integer when the gate of that name is open. */
export const hold = contract('hold', { args: [string, int64.big], returns: int64.big })
/** Fails until so many retries are left; answers the counters of its message, and the language. */
export const flaky = contract('flaky', { args: [int64, string], returns: [int64, int64, string] })
/** Asks once to be run again after so many ms. */
export const later = contract('later', { args: [int64], returns: string })
/** Answers values of types that no argument can have. */
export const foreign = contract('foreign', { args: [] })

/** What `several` answers for 2^53-1. */
export const SEVERAL = [
  Number.MAX_SAFE_INTEGER,
  '<é & ☃>',
  Uint8Array.of(0, 1, 254, 255),
  Math.fround(0.1),
] as const

/** The same as Go prints a slice. */
export const printed = (text: string, numbers: readonly number[]): string => `${text} [${numbers.join(' ')}]`

/** Holds tasks back until they are opened. */
export interface Gates {
  pass(name: string): Promise<void>
  open(name: string): void
}

export function gates(): Gates {
  const all = new Map<string, AbortController>()
  const gate = (name: string): AbortController => {
    const known = all.get(name) ?? new AbortController()
    all.set(name, known)
    return known
  }
  return {
    pass: async (name) => {
      const { signal } = gate(name)
      if (!signal.aborted) await once(signal, 'abort')
    },
    open: (name) => gate(name).abort(),
  }
}

/** The same tasks with handlers. */
export function handlers(held: Gates): readonly AnyTask[] {
  return [
    add.implement((...terms) => terms.reduce((sum, term) => sum + term, 0n)),
    multiply.implement((...factors) => factors.reduce((product, factor) => product * factor, 1n)),
    concat.implement((...parts) => parts.join('')),
    several.implement((number) => results(number, SEVERAL[1], SEVERAL[2], SEVERAL[3])),
    nothing.implement(() => {}),
    fail.implement((text) => {
      throw new Error(text)
    }),
    remember.implement((text, ...numbers) => printed(text, numbers)),
    hold.implement(async (name, value) => {
      await held.pass(name)
      return value
    }),
    flaky.implement((enough) => {
      const { retryCount, retryTimeoutSeconds } = currentTask().message
      if (retryCount > enough) throw new Error(`${retryCount} retries are left in TypeScript`)
      return results(retryCount, retryTimeoutSeconds, 'TypeScript')
    }),
  ]
}
