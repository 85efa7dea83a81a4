import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../src/core/errors.ts'
import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker } from '../../src/core/ports/broker.ts'
import { createServer } from '../../src/app/create-server.ts'
import { memoryBackend, memoryBroker, memoryLock, memoryStore } from '../../src/drivers/memory/index.ts'
import type { AnyStep } from '../../src/task/step.ts'
import { results } from '../../src/task/results.ts'
import { task } from '../../src/task/task.ts'
import { evaluateTree, type Shape } from '../simulation/evaluate-tree.ts'
import { labelledValue } from '../simulation/labelled-value.ts'
import { randomTree } from '../simulation/random-tree.ts'
import {
  buildTree,
  endsWithGroup,
  tasksOf,
  treeText,
  type TaskSpec,
  type TreeSpec,
} from '../simulation/tree.ts'

const TREES = 2_000
/** Far above what the largest tree takes: a tree that hangs is a failure like any other. */
const LONGEST_MS = 20_000
/** Callbacks are embedded by value: fanning out again and again makes half a megabyte of a few tasks, and shows nothing more. */
const MOST_BYTES = 65_536
const LIMITS = { maxDepth: 5, maxTasks: 60, withFailures: false, maxRunMs: 0 }

const valuesOf = ({ label, results: count }: Pick<TaskSpec, 'label' | 'results'>, args: readonly string[]) =>
  Array.from({ length: count }, (_, index) => labelledValue(label, index, args))

const none = task('none', (_label: string, ..._args: string[]) => {})
const one = task('one', (label: string, ...args: string[]) => labelledValue(label, 0, args))
const two = task('two', (label: string, ...args: string[]) =>
  results(labelledValue(label, 0, args), labelledValue(label, 1, args)),
)
const TASKS = [none, one, two] as const

/** A choice sequence that ends gives zeros: the shorter it is, the smaller the tree, and so failures shrink. */
const trees = fc.array(fc.nat(9_999), { maxLength: 400, size: 'max' }).map((choices) => {
  let next = 0
  return randomTree(() => (choices[next++] ?? 0) / 10_000, LIMITS)
})

interface Sent {
  readonly get: (options: { readonly timeoutMs: number }) => Promise<unknown>
}

const STORES: Readonly<Record<string, () => { readonly broker: Broker; readonly backend: Backend }>> = {
  'one store': () => memoryStore(),
  'two stores': () => ({ broker: memoryBroker(), backend: memoryBackend() }),
}

/** Whether something comes after a group in it. */
function hasChord(tree: TreeSpec): boolean {
  if (tree.kind === 'task') return false
  if (tree.kind === 'group') return tree.members.some(hasChord)
  return tree.steps.some(
    (step, index) => hasChord(step) || (endsWithGroup(step) && tree.steps[index + 1] !== undefined),
  )
}

/** What plain JavaScript makes of the tree. */
function directly(tree: TreeSpec): Shape {
  const end = evaluateTree(tree, {
    run: (spec, args) => ({ kind: 'values', values: valuesOf(spec, args) }),
    neverRuns: (spec) => expect.unreachable(`${spec.label} cannot fail`),
    onError: () => {},
  })
  return end.shape?.value
}

describe.each(Object.keys(STORES))('a random tree of chains, groups and chords over %s', (path) => {
  it('gives what direct evaluation gives', { timeout: 120_000 }, async () => {
    const { broker, backend } = (STORES[path] as () => { broker: Broker; backend: Backend })()
    await using server = await createServer({
      broker,
      resultBackend: backend,
      lock: memoryLock(),
      tasks: TASKS,
      limits: { maxBytes: MOST_BYTES },
    })
    await using first = await server.startWorker({ concurrency: 7, noSignals: true })
    await using second = await server.startWorker({ concurrency: 3, noSignals: true })
    expect([first.running, second.running]).toEqual([0, 0])

    let sent = 0
    let tooLarge = 0
    const run = async (tree: TreeSpec): Promise<void> => {
      const id = ++sent
      const signature = (spec: TaskSpec): AnyStep =>
        TASKS[spec.results](spec.label).with({
          uuid: `w${id}.${spec.label}`,
          immutable: spec.immutable,
        })
      const work = buildTree(tree, {
        signature,
        onError: () => expect.unreachable('no error callbacks here'),
      })
      try {
        const result = await (server.send as (work: unknown) => Promise<Sent>)(work)
        expect(await result.get({ timeoutMs: LONGEST_MS }), treeText(tree)).toEqual(directly(tree))
      } catch (error) {
        if (!isMachineryError(error, 'ERR_WORKFLOW_TOO_LARGE')) throw error
        tooLarge += 1
      }
    }
    let largest = 0
    let chords = 0
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        largest = Math.max(largest, tasksOf(tree).length)
        if (hasChord(tree)) chords += 1
        await run(tree)
      }),
      { numRuns: TREES * 1.4, seed: 20_260_101 },
    )
    expect(sent - tooLarge).toBeGreaterThanOrEqual(TREES)
    expect(largest).toBeGreaterThan(40)
    expect(chords).toBeGreaterThan(TREES / 4)
  })
})
