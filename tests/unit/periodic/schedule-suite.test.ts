import { expect, it } from 'vitest'

import type { ScheduleStore } from '../../../src/core/ports/schedule-store.ts'
import { memoryStore } from '../../../src/drivers/memory/index.ts'
import { fakeClock, scheduleConformance } from '../../../src/testing/index.ts'
import { runSuite } from '../../support/run-suite.ts'

type Defect = (store: ScheduleStore) => Partial<ScheduleStore>

/** The suite on a memory store of which some methods are replaced by wrong ones. */
const run = (defect: Defect) =>
  runSuite((runner) =>
    scheduleConformance(runner, {
      name: 'defective',
      async open() {
        const clock = fakeClock()
        const store = memoryStore({ clock })
        const real = store.backend.schedules as ScheduleStore
        const schedules = { ...real, ...defect(real) }
        const advance = (ms: number) => clock.advance(ms)
        return { schedules, other: schedules, clock, advance, close: () => store.close() }
      },
    }),
  )

/** Puts a schedule back to where it was before. */
const restore = async (store: ScheduleStore, name: string, tickAt: number): Promise<void> => {
  const stored = await store.get(name)
  if (stored === undefined) return
  await store.remove(name)
  await store.put(stored)
  await store.fire({ name, tickAt, payload: new Uint8Array() })
  await store.published(name, tickAt)
}

it('the suite for schedules passes on the memory driver', async () => {
  const { passed, failed } = await run(() => ({}))
  expect([failed, passed.length > 20]).toEqual([[], true])
})

const defects: readonly (readonly [what: string, defect: Defect, noticedBy: RegExp])[] = [
  [
    'fires what it has fired',
    (store) => ({ fire: async (tick) => (await store.fire(tick), 'fired') }),
    /fires once/,
  ],
  [
    'looks first and fires afterwards',
    (store) => ({
      fire: async (tick) => {
        const stored = await store.get(tick.name)
        if (stored === undefined || stored.isPaused || tick.tickAt <= stored.lastTickAt) return 'skipped'
        await store.fire(tick)
        return 'fired'
      },
    }),
    /one winner/,
  ],
  [
    'goes back to an earlier tick',
    (store) => ({
      fire: async (tick) => {
        const outcome = await store.fire(tick)
        if (outcome === 'skipped') await restore(store, tick.name, tick.tickAt)
        return outcome
      },
    }),
    /an earlier tick never fires/,
  ],
  ['keeps nothing in the outbox', () => ({ outbox: async () => [] }), /a server that died had fired/],
  ['keeps what was published', () => ({ published: async () => {} }), /until it is published/],
  ['answers young entries too', (store) => ({ outbox: (_, limit) => store.outbox(0, limit) }), /old enough/],
  ['answers all entries', (store) => ({ outbox: (ms) => store.outbox(ms, 1_000) }), /at most as many/],
  [
    'answers the newest first',
    (store) => ({ outbox: async (ms, limit) => (await store.outbox(ms, limit)).toReversed() }),
    /oldest come first/,
  ],
  [
    'forgets the schedule with each put',
    (store) => ({ put: async (one) => (await store.remove(one.name), store.put(one)) }),
    /keeps the last tick and the pause/,
  ],
  [
    'keeps the last tick of another specification',
    (store) => ({
      put: async (one) => {
        const before = await store.get(one.name)
        return store.put({ ...one, spec: before?.spec ?? one.spec })
      },
    }),
    /another spec/,
  ],
  [
    'fires while it is paused',
    (store) => ({ setPaused: async (name) => (await store.get(name)) !== undefined }),
    /paused/,
  ],
  [
    'removes nothing',
    (store) => ({ remove: async (name) => (await store.get(name)) !== undefined }),
    /remove/,
  ],
  ['lists in any order', (store) => ({ list: async () => (await store.list()).toReversed() }), /by name/],
  ['has a clock that stands still', () => ({ now: async () => 1_767_225_600_000 }), /moves on/],
]

it.each(defects)('notices one that %s', async (_, defect, noticedBy) => {
  const { failed } = await run(defect)
  expect(failed.filter((name) => noticedBy.test(name))).not.toEqual([])
})
