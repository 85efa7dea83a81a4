import { isDeepStrictEqual } from 'node:util'
import type { AsyncResult, ProducerServer, TaskState } from '../../src/index.ts'
import {
  add,
  concat,
  longRunningTask,
  multiply,
  panicTask,
  split,
  sumFloats,
  sumInts,
  unsteadyTask,
} from './tasks.ts'

/** One call of the demo. */
export interface Call {
  /** As a reader would write it. */
  readonly text: string
  /** Takes a second or more; the demo sends these together. */
  readonly isSlow: boolean
  readonly send: (server: ProducerServer) => Promise<AsyncResult<unknown>>
  /** What is wrong with its end; undefined when nothing is. */
  readonly check: (last: TaskState, result: unknown) => string | undefined
}

const soon = { kind: 'fixed', delayMs: 200 } as const

/** The calls of Machinery's example program, and what each has to come to. */
export const calls: readonly Call[] = [
  returns('add(1, 1)', 2, (server) => server.send(add(1, 1))),
  returns('multiply(4, 5, 6)', 120, (server) => server.send(multiply(4, 5, 6))),
  returns('sum_ints([1, 2, 3, 4])', 10, (server) => server.send(sumInts([1, 2, 3, 4]))),
  returns('sum_floats([1.5, 2.75])', 4.25, (server) => server.send(sumFloats([1.5, 2.75]))),
  returns("concat(['foo', 'bar'])", 'foobar', (server) => server.send(concat(['foo', 'bar']))),
  returns("split('foo')", ['f', 'o', 'o'], (server) => server.send(split('foo'))),
  fails('panic_task()', 'oops', (server) => server.send(panicTask())),
  slow(
    returns('add(2, 3) with a delay of 1 s', 5, (server) => server.send(add(2, 3).with({ delayMs: 1_000 }))),
  ),
  slow(
    returns('unsteady_task() with 3 retries', 'worked at attempt 3', (server) =>
      server.send(unsteadyTask().with({ retryCount: 3, retry: soon })),
    ),
  ),
  slow(
    fails('panic_task() with 2 retries', 'oops', (server) =>
      server.send(panicTask().with({ retryCount: 2, retry: soon })),
    ),
  ),
  slow(returns('long_running_task(2)', 'slept 2 s', (server) => server.send(longRunningTask(2)))),
]

function returns(text: string, expected: unknown, send: Call['send']): Call {
  const check: Call['check'] = (last, result) =>
    last.state === 'SUCCESS' && isDeepStrictEqual(result, expected)
      ? undefined
      : `it should have returned ${JSON.stringify(expected)}`
  return { text, isSlow: false, send, check }
}

function fails(text: string, error: string, send: Call['send']): Call {
  const check: Call['check'] = (last) =>
    last.state === 'FAILURE' && last.error === error ? undefined : `it should have failed with "${error}"`
  return { text, isSlow: false, send, check }
}

function slow(call: Call): Call {
  return { ...call, isSlow: true }
}
