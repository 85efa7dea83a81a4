import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../../src/core/errors.ts'
import type { IdSource } from '../../../src/core/id.ts'
import type { Message } from '../../../src/core/message.ts'
import { wireLimits } from '../../../src/core/wire/limits.ts'
import { encodeMessageText } from '../../../src/core/wire/message-codec.ts'
import { task } from '../../../src/task/index.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { compileWorkflow, type CompiledWorkflow } from '../../../src/workflow/compile-workflow.ts'
import { group } from '../../../src/workflow/group.ts'
import { chunks, map } from '../../../src/workflow/map.ts'
import { nodeOf } from '../../../src/workflow/workflow-node.ts'

const add = task('add', (...terms: number[]) => terms.reduce((a, b) => a + b, 0))
const total = task('total', (values: number[]) => values.length)
const note = task('note', (_error: string) => {})

function countingIds(): IdSource {
  let next = 0
  return { uuid: () => `${(next += 1)}` }
}

function compile(work: unknown, limits = {}): CompiledWorkflow {
  const context = { nowMs: 1_000, ids: countingIds(), limits: wireLimits(limits) }
  return compileWorkflow(nodeOf(work, 'work'), context)
}

function named(uuid: string, ...args: number[]) {
  return add(...args).with({ uuid })
}

/** The graph without what is not set, as a reader of the wire sees it. */
function graph(message: Message): unknown {
  return JSON.parse(encodeMessageText({ ...message, source: undefined }))
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return isMachineryError(error) ? `${error.code}: ${error.message}` : String(error)
  }
  return 'no error'
}

describe('compileWorkflow', () => {
  it('embeds each step of a chain in the success callbacks of the one before', () => {
    const { roots, tasks } = compile(chain(named('a'), named('b'), named('c')))
    expect(roots.map(graph)).toEqual([
      {
        UUID: 'a',
        Name: 'add',
        OnSuccess: [{ UUID: 'b', Name: 'add', OnSuccess: [{ UUID: 'c', Name: 'add' }] }],
      },
    ])
    expect(tasks.map((one) => one.uuid)).toEqual(['a', 'b', 'c'])
  })

  it('puts the group fields on the last task of a chain inside a group, and the callback in every end', () => {
    const { roots } = compile(chord([named('a'), chain(named('b1'), named('b2'))], named('cb')))
    const member = { GroupUUID: 'group_1', GroupTaskCount: 2, ChordCallback: { UUID: 'cb', Name: 'add' } }
    expect(roots.map(graph)).toEqual([
      { UUID: 'a', Name: 'add', ...member },
      { UUID: 'b1', Name: 'add', OnSuccess: [{ UUID: 'b2', Name: 'add', ...member }] },
    ])
  })

  it('makes a chord of a group in the middle of a chain, which continues from its callback', () => {
    const { roots } = compile(chain(named('a'), group([named('b'), named('c')]), named('d'), named('e')))
    const callback = { UUID: 'd', Name: 'add', OnSuccess: [{ UUID: 'e', Name: 'add' }] }
    const member = { Name: 'add', GroupUUID: 'group_1', GroupTaskCount: 2, ChordCallback: callback }
    expect(roots.map(graph)).toEqual([
      {
        UUID: 'a',
        Name: 'add',
        OnSuccess: [
          { UUID: 'b', ...member },
          { UUID: 'c', ...member },
        ],
      },
    ])
  })

  it('flattens a group inside a group and keeps the places of the results', () => {
    const { roots, shape } = compile(group([named('a'), group([named('b'), named('c')])]))
    expect(roots.map((root) => [root.uuid, root.groupUuid, root.groupTaskCount])).toEqual([
      ['a', 'group_1', 3],
      ['b', 'group_1', 3],
      ['c', 'group_1', 3],
    ])
    expect(shape).toMatchObject({
      kind: 'group',
      members: [
        { kind: 'task', uuid: 'a' },
        { kind: 'group', members: [{ uuid: 'b' }, { uuid: 'c' }] },
      ],
    })
  })

  it('fans out to several tasks after one, as members of a group', () => {
    const { roots } = compile(chain(named('a'), group([named('b'), named('c')])))
    expect(graph(roots[0] as Message)).toMatchObject({
      OnSuccess: [
        { UUID: 'b', GroupUUID: 'group_1', GroupTaskCount: 2 },
        { UUID: 'c', GroupUUID: 'group_1', GroupTaskCount: 2 },
      ],
    })
  })

  it('keeps the callbacks that a signature has of its own, before the next step', () => {
    const first = named('a').with({ onSuccess: [named('own')], onError: [note().with({ uuid: 'err' })] })
    expect(graph(compile(chain(first, named('b'))).roots[0] as Message)).toMatchObject({
      OnSuccess: [{ UUID: 'own' }, { UUID: 'b' }],
      OnError: [{ UUID: 'err' }],
    })
  })

  it('gives every task of a tree its error callback under one UUID', () => {
    const tree = chain(named('a'), group([named('b')]), named('c')).with({
      onError: [note().with({ uuid: 'err' })],
    })
    const seen: string[] = []
    const walk = (message: Message): void => {
      seen.push(...message.onError.map((callback) => `${message.uuid} ${callback.uuid}`))
      for (const next of message.onSuccess) walk(next)
      if (message.chordCallback !== undefined) walk(message.chordCallback)
    }
    for (const root of compile(tree).roots) walk(root)
    expect(seen).toEqual(['a err', 'b err', 'c err'])
  })

  it('carries the policy of a chord in a header of its callback, and nothing for the default', () => {
    const headersOf = (policy: 'fail-fast' | 'wait-all' | 'call-anyway') =>
      compile(chord([named('a')], named('cb'), { onMemberFailure: policy })).roots[0]?.chordCallback?.headers
    expect(headersOf('fail-fast')).toBeUndefined()
    expect(headersOf('wait-all')).toEqual(new Map([['mq-on-member-failure', '"wait-all"']]))
    expect(headersOf('call-anyway')).toEqual(new Map([['mq-on-member-failure', '"call-anyway"']]))
  })

  it('keeps one-member groups and passes nothing through empty ones', () => {
    expect(compile(group([named('a')])).roots[0]).toMatchObject({ uuid: 'a', groupTaskCount: 1 })
    expect(compile(group([]))).toMatchObject({ roots: [], shape: { kind: 'group', members: [] } })
    expect(compile(chord([], named('cb'))).roots.map((root) => root.uuid)).toEqual(['cb'])
    const through = compile(chain(named('a'), group([]), named('b'))).roots[0] as Message
    expect(graph(through)).toEqual({
      UUID: 'a',
      Name: 'add',
      Immutable: true,
      OnSuccess: [{ UUID: 'b', Name: 'add' }],
    })
  })

  it('compiles map and chunks to groups', () => {
    expect(compile(map(add, [1, 2, 3])).roots).toHaveLength(3)
    const parts = compile(chunks(total, [1, 2, 3, 4, 5], 2)).roots.map((root) => root.args[0]?.value)
    expect(parts).toEqual(['[1,2]', '[3,4]', '[5]'])
    expect(codeOf(() => chunks(total, [1], 0))).toMatch(/^ERR_OPTION_INVALID: chunks: size is 0/)
  })

  it('embeds a relative delay as Delay, since whoever runs the parent publishes it', () => {
    const { roots } = compile(chain(named('a'), named('b').with({ delayMs: 5 })))
    expect(roots[0]?.onSuccess[0]?.delayNs).toBe(5_000_000n)
  })
})

describe('workflows that have no form on the wire', () => {
  const group2 = (a: string, b: string) => group([named(a), named(b)])

  it.each([
    [
      'no steps',
      () => (chain as (...steps: never[]) => unknown)(),
      /ERR_WORKFLOW_INVALID: a chain has no steps/,
    ],
    [
      'a group directly after a group',
      () => (chain as (...steps: unknown[]) => unknown)(group2('a', 'b'), group2('c', 'd')),
      /step 2 of the chain begins with a group/,
    ],
    [
      'a callback that begins with a group',
      () => (chord as (...steps: unknown[]) => unknown)([named('a')], group2('c', 'd')),
      /callback of the chord begins with a group/,
    ],
    [
      'a handle that was not called',
      () => (group as (members: unknown) => unknown)([add]),
      /member 1 of the group is not a step; write add\(\)/,
    ],
    ['no step', () => (group as (members: unknown) => unknown)([5]), /member 1 of the group is not a step/],
    [
      'an empty group next to the callback of a chord',
      () => compile(chain(group2('a', 'b'), named('c'), group([]), named('d'))),
      /task add is the callback of a chord next to an empty group/,
    ],
    [
      'an empty group before a callback that passes on',
      () =>
        compile(
          (chain as (...steps: unknown[]) => unknown)(group2('a', 'b'), group([]), named('c'), named('d')),
        ),
      /task add is the callback of a chord next to an empty group/,
    ],
    ['no array', () => (group as (members: unknown) => unknown)(5), /group takes an array/],
    ['a UUID that stands twice', () => compile(chain(named('a'), named('a'))), /task add \(a\) stands twice/],
    [
      'a member without a state',
      () => compile(group([named('a').with({ noResult: true })])),
      /sent with noResult; a member of a group needs its state/,
    ],
    [
      'a callback without a state',
      () => compile(chord([named('a')], named('b').with({ noResult: true }))),
      /callback of a chord needs its state/,
    ],
    [
      'an unknown policy',
      () => chord([named('a')], named('b'), { onMemberFailure: 'never' as 'wait-all' }),
      /ERR_OPTION_INVALID: onMemberFailure is "never"; fail-fast, wait-all, call-anyway is right/,
    ],
    [
      'an option that does not exist',
      () => chain(named('a')).with({ onErr: [] } as never),
      /ERR_OPTION_INVALID: a workflow has the unknown option "onErr"/,
    ],
  ])('%s', (_name, run, text) => {
    expect(codeOf(run)).toMatch(text)
  })

  it('refuses a tree that embedding makes too large, with count and bytes, before it is built', () => {
    const wide = (left: number): unknown =>
      left === 0
        ? add()
        : (chain as (...steps: unknown[]) => unknown)(
            (group as (members: unknown) => unknown)(Array.from({ length: 100 }, () => add(1))),
            add(),
            wide(left - 1),
          )
    const startedAt = process.hrtime.bigint()
    expect(codeOf(() => compile(wide(6)))).toMatch(
      /^ERR_WORKFLOW_TOO_LARGE: .* embeds \d+ signatures in \d+ levels and \d+ bytes; at most/,
    )
    expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(2_000)
  })

  it('refuses a chain that is nested deeper than readers accept', () => {
    const steps = Array.from({ length: 129 }, () => add(1))
    expect(codeOf(() => compile(chain(...steps)))).toMatch(/ERR_WORKFLOW_TOO_LARGE: .*at most 128 levels/)
    expect(codeOf(() => compile(chain(...steps.slice(1))))).toBe('no error')
  })
})
