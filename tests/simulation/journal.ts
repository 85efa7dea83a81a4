import { sleep } from '../../src/core/clock.ts'
import { retryIn } from '../../src/core/outcome.ts'
import { results } from '../../src/task/results.ts'
import type { SendOptions } from '../../src/task/send-options.ts'
import type { AnyStep } from '../../src/task/step.ts'
import type { AnyTask } from '../../src/task/task-definition.ts'
import type { UntypedHandle } from '../../src/task/task-handle.ts'
import { task } from '../../src/task/task.ts'
import { currentTask } from '../../src/worker/current-task.ts'
import { labelledValue } from './labelled-value.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import { tasksOf, type TaskSpec, type TreeSpec, type TreeTasks } from './tree.ts'

const RETRY_IN_MS = 700

/** What the handlers of a simulated run do and have done: the one thing that outlives every process. */
export class Journal {
  readonly #specs: ReadonlyMap<string, TaskSpec>
  readonly #random: () => number
  readonly #runs = new Map<string, number>()
  /** First arguments that error callbacks were run with. */
  readonly errorTexts: Map<string, Set<string>> = new Map()
  #executions = 0

  constructor(tree: TreeSpec, random: () => number) {
    this.#specs = new Map(tasksOf(tree).map((spec) => [spec.label, spec]))
    this.#random = random
  }

  /** Handlers that were started. */
  get executions(): number {
    return this.#executions
  }

  /** How often the handler of a task was started. */
  runsOf(label: string): number {
    return this.#runs.get(label) ?? 0
  }

  /** The tasks as one process registers them: their handlers take their time by its clock, and die with it. */
  tasksFor(process: SimulatedProcess): readonly AnyTask[] {
    const run = (label: string, args: readonly string[]) => this.#run(process, label, args)
    return [
      task('none', (label: string, ...args: string[]) => run(label, args)),
      task('one', (label: string, ...args: string[]) => run(label, args)),
      task('two', (label: string, ...args: string[]) => run(label, args)),
      task('onError', (error: string, label: string) => {
        this.#start(label)
        const texts = this.errorTexts.get(label) ?? new Set()
        this.errorTexts.set(label, texts.add(error))
        return error
      }),
    ]
  }

  #start(label: string): number {
    this.#runs.set(label, this.runsOf(label) + 1)
    this.#executions += 1
    return this.#executions
  }

  /** Each run has a number, and so results of its own: what is passed on can only be what was stored. */
  #run(process: SimulatedProcess, label: string, args: readonly string[]): unknown {
    const spec = this.#specs.get(label)
    if (spec === undefined) throw new Error(`no task ${label} is planned`)
    const number = this.#start(label)
    const { attemptCount } = currentTask().message
    const end = (): unknown => endOf(spec, number, attemptCount, args)
    if (spec.runMs === 0) return end()
    return sleep(process.clock, this.#random() * spec.runMs).then(end)
  }
}

function endOf(spec: TaskSpec, number: number, attempt: number, args: readonly string[]): unknown {
  const { label } = spec
  if (attempt < spec.failures) {
    if (spec.again === 'retryIn') throw retryIn(RETRY_IN_MS, `${label} again`)
    throw new Error(`${label} fails`)
  }
  if (spec.isFatal) throw new Error(`${label} fails`)
  if (spec.results === 0) return undefined
  const first = labelledValue(label, number, args)
  return spec.results === 1 ? first : results(first, labelledValue(`${label}_`, number, args))
}

const TASK_NAMES = ['none', 'one', 'two'] as const

/** The signatures of a tree, made with the tasks of one process. */
export function signaturesFor(tasks: readonly AnyTask[]): TreeTasks {
  const byName = new Map(tasks.map((one) => [one.taskName, one as UntypedHandle]))
  const call = (name: string, label: string, options: Omit<SendOptions, 'uuid'> = {}): AnyStep => {
    const handle = byName.get(name)
    if (handle === undefined) throw new Error(`no task ${name} is registered`)
    return handle(label).with({ ...options, uuid: label }) as unknown as AnyStep
  }
  return {
    signature: ({ label, results: count, immutable, failures, again }) =>
      call(TASK_NAMES[count], label, { immutable, retryCount: again === 'throw' ? failures : 0 }),
    onError: (label) => call('onError', label),
  }
}
