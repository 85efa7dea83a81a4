import { describe, expect, it } from 'vitest'

import { DEFAULT_WIRE_LIMITS } from '../../../src/core/wire/limits.ts'
import { skippedUuid, tickUuids, uuidV5 } from '../../../src/periodic/tick-id.ts'
import { reachableFrom } from '../../../src/workflow/downstream.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { compileWorkflow } from '../../../src/workflow/compile-workflow.ts'
import { nodeOf } from '../../../src/workflow/workflow-node.ts'
import { add, START } from './scheduling.ts'

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
const TICK = { name: 'nightly', spec: 'CRON_TZ=UTC 0 6 * * *', tickAt: START }
const UUID = /^(task|group)_[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('a UUID of version 5', () => {
  it.each([
    // RFC 9562, A.4, and two that Python answers.
    ['www.example.com', '2ed6657d-e927-568b-95e1-2665a8aea6a2'],
    ['', '4ebd0208-8328-5d69-8c44-ec50939c0967'],
    ['ü☃', 'f635fe9f-5f0f-54c6-a742-c33906d57e7c'],
  ])('of %j', (name, uuid) => {
    expect(uuidV5(DNS, name)).toBe(uuid)
  })
})

describe('the UUIDs of a tick', () => {
  /** A tree as each server builds it: with UUIDs of its own that are never sent. */
  const tree = () => {
    const failed = add(0)
    const first = add(1).with({ onSuccess: [add(9)], onError: [failed as never] })
    return chain(chord([first, chain(add(2), add(3))], add()), add(4)).with({ onError: [failed as never] })
  }
  const uuidsOf = (changes = {}): readonly string[] => {
    const tick = { ...TICK, ...changes }
    const limits = DEFAULT_WIRE_LIMITS
    const { roots, tasks, shape } = compileWorkflow(nodeOf(tree(), 'work'), {
      nowMs: 0,
      limits,
      ...tickUuids(tick),
    })
    const messages = reachableFrom(roots)
    const errors = messages.flatMap(({ onError }) => onError.map(({ uuid }) => uuid))
    const groups = messages.map(({ groupUuid }) => groupUuid).filter((uuid) => uuid !== '')
    expect(shape).toMatchObject({ kind: 'task', uuid: tasks.at(-1)?.uuid })
    return [...new Set([...messages.map(({ uuid }) => uuid), ...errors, ...groups, skippedUuid(tick)])]
  }

  it('are the same on every server, whatever UUIDs the signatures of a server have', () => {
    const uuids = uuidsOf()
    // Five tasks of the tree, a success and an error callback, a group and the mark.
    expect(uuids).toHaveLength(9)
    for (const uuid of uuids) expect(uuid).toMatch(UUID)
    expect(uuidsOf()).toEqual(uuids)
  })

  it.each([[{ tickAt: START + 1 }], [{ name: 'Nightly' }], [{ spec: '0 6 * * *' }]])(
    'are others with %j',
    (changes) => {
      const before = new Set(uuidsOf())
      expect(uuidsOf(changes).filter((uuid) => before.has(uuid))).toEqual([])
    },
  )
})
