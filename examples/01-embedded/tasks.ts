// An application imports from 'machinery-ts'; inside this repository it is a relative path.
import { array, contract, currentTask, float64, int64, string, task } from '../../src/index.ts'

/** The tasks of Machinery's example program, and one that needs its retries. Producer and workers share this file. */

export const add = task('add', (...terms: number[]) => terms.reduce((sum, term) => sum + term, 0))

export const multiply = task('multiply', (...factors: number[]) =>
  factors.reduce((product, factor) => product * factor, 1),
)

// A contract names the types on the wire. Go workers would find 3.0 in a list of integers otherwise.
export const sumInts = contract('sum_ints', { args: [array(int64)], returns: int64 }).implement((numbers) =>
  numbers.reduce((sum, number) => sum + number, 0),
)

export const sumFloats = contract('sum_floats', { args: [array(float64)], returns: float64 }).implement(
  (numbers) => numbers.reduce((sum, number) => sum + number, 0),
)

export const concat = contract('concat', { args: [array(string)], returns: string }).implement((words) =>
  words.join(''),
)

export const split = contract('split', { args: [string], returns: array(string) }).implement((text) =>
  text.split(''),
)

export const panicTask = task('panic_task', (): void => {
  throw new Error('oops')
})

/** Throws until its third attempt, as a server does that is just starting. */
export const unsteadyTask = task('unsteady_task', () => {
  const { attempt } = currentTask()
  if (attempt < 3) throw new Error(`not yet, at attempt ${attempt}`)
  return `worked at attempt ${attempt}`
})

export const longRunningTask = task('long_running_task', async (seconds: number) => {
  // Ends early, with the reason, when the worker shuts down and the grace time is over.
  const { signal } = currentTask()
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1_000)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    })
  })
  return `slept ${seconds} s`
})

export const tasks = [
  add,
  multiply,
  sumInts,
  sumFloats,
  concat,
  split,
  panicTask,
  unsteadyTask,
  longRunningTask,
] as const
