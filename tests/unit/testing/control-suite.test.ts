import { expect, it } from 'vitest'
import type { ControlStore } from '../../../src/core/ports/control-store.ts'
import { memoryStore } from '../../../src/drivers/memory/index.ts'
import { controlConformance, fakeClock } from '../../../src/testing/index.ts'
import { runSuite } from '../../support/run-suite.ts'

/** The suite on a memory store of which some methods are replaced by wrong ones, in every process. */
const run = (defects: (real: ControlStore) => Partial<ControlStore>) =>
  runSuite((runner) =>
    controlConformance(runner, {
      name: 'defective',
      open: async () => {
        const clock = fakeClock()
        const store = memoryStore({ clock })
        const open = (): ControlStore => {
          const real = store.open().backend.control as ControlStore
          return { ...real, ...defects(real) }
        }
        return {
          control: open(),
          other: open(),
          clock,
          advance: (ms: number) => clock.advance(ms),
          close: () => store.close(),
        }
      },
    }),
  )

const DEFECTS: Readonly<Record<string, (real: ControlStore) => Partial<ControlStore>>> = {
  'forgets nothing': (real) => ({
    put: (area, writes) =>
      real.put(
        area,
        writes.map((write) => ({ ...write, expiresInMs: Infinity })),
      ),
  }),
  'forgets what is kept': (real) => ({
    put: (area, writes) =>
      real.put(
        area,
        writes.map((write) => ({ ...write, expiresInMs: Math.min(write.expiresInMs, 200) })),
      ),
  }),
  'has one area': (real) => ({
    put: (_, writes) => real.put('area', writes),
    get: (_, keys) => real.get('area', keys),
    list: (_, prefix) => real.list('area', prefix),
    remove: (_, keys) => real.remove('area', keys),
  }),
  'keeps the first value': (real) => ({
    put: async (area, writes) => {
      for (const write of writes)
        if ((await real.get(area, [write.key]))[0] === undefined) await real.put(area, [write])
    },
  }),
  'writes one of a batch': (real) => ({ put: (area, writes) => real.put(area, writes.slice(0, 1)) }),
  'leaves out what is not there': (real) => ({
    get: async (area, keys) => (await real.get(area, keys)).filter((value) => value !== undefined),
  }),
  'ignores the prefix': (real) => ({ list: (area) => real.list(area) }),
  'does not sort': (real) => ({
    list: async (area, prefix) => (await real.list(area, prefix)).toReversed(),
  }),
  'ignores case': (real) => ({
    put: (area, writes) =>
      real.put(
        area,
        writes.map((write) => ({ ...write, key: write.key.toLowerCase() })),
      ),
  }),
  'removes nothing': () => ({ remove: async () => {} }),
  'removes the whole area': (real) => ({
    remove: async (area, keys) => {
      if (keys.length === 0) return
      await real.remove(
        area,
        (await real.list(area)).map(({ key }) => key),
      )
    },
  }),
  'trims values': (real) => ({
    put: (area, writes) =>
      real.put(
        area,
        writes.map((write) => ({ ...write, value: write.value.trim() })),
      ),
  }),
}

it('the control suite passes on what is right', async () => {
  const { passed, failed } = await run(() => ({}))
  expect(failed).toEqual([])
  expect(passed.length).toBeGreaterThan(10)
})

it.each(Object.entries(DEFECTS))('the control suite notices a store that %s', async (_, defects) => {
  expect((await run(defects)).failed).not.toEqual([])
})
