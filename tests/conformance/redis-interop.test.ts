import { describe, expect, it } from 'vitest'

import { redisStore } from '../../src/drivers/redis/index.ts'
import { redisUrlOptions } from '../../src/drivers/redis/redis-url-options.ts'
import { assertCode } from '../../src/testing/assert-code.ts'
import { backendConformance } from '../../src/testing/index.ts'
import { describeService } from '../support/services.ts'
import { type Language, openFleet, takeCallbacks, valueOf } from './redis-mixed-fleet.ts'
import { redisSessions } from './redis-sessions.ts'

/** All orders of a list. */
function orders<T>(list: readonly T[]): readonly (readonly T[])[] {
  if (list.length === 0) return [[]]
  return list.flatMap((first, index) => orders(list.toSpliced(index, 1)).map((rest) => [first, ...rest]))
}

/** All ways to give `count` members a language. */
function mixtures(count: number): readonly (readonly Language[])[] {
  if (count === 0) return [[]]
  return mixtures(count - 1).flatMap((rest) => [[...rest, 'go'] as const, [...rest, 'ts'] as const])
}

await describeService('redis', (service) => {
  const sessions = redisSessions(() => ({ url: service.url, interop: 'go' }))
  backendConformance(
    { describe, it },
    { name: 'redis with interop', open: sessions.backend, expiryStepMs: 400 },
  )

  it('is asked for by an option, also in the URL, and nothing else is taken for it', async () => {
    expect(redisUrlOptions('redis://localhost?interop=go')).toEqual({
      url: 'redis://localhost',
      interop: 'go',
    })
    await assertCode(redisStore({ ...redisUrlOptions(`${service.url}?interop=Go`) }), 'ERR_OPTION_INVALID')
  })

  describe('groups whose members run in Go and in TypeScript', () => {
    it.each([1, 2, 3, 4])('call back once, %i members in every order of finishing', async (count) => {
      const fleet = await openFleet(service)
      const indexes = Array.from({ length: count }, (_, index) => index)
      let runs = 0
      for (const members of mixtures(count)) {
        for (const order of orders(indexes)) {
          const sent = await fleet.send(members)
          for (const index of order) await sent.finish(index)
          expect(await takeCallbacks(fleet), `${members.join()} in order ${order.join()}`).toEqual([
            indexes.map(valueOf),
          ])
          runs++
        }
      }
      expect(runs).toBe(2 ** count * orders(indexes).length)
      expect(await fleet.raw.exists('TriggerChordMutex')).toBe(0)
    })

    it('give all their results to whoever waits for the group', async () => {
      const fleet = await openFleet(service)
      const { result, finish } = await fleet.send(['go', 'ts', 'go'], false)
      for (const index of [2, 1, 0]) await finish(index)
      expect(await result.get({ timeoutMs: 10_000 })).toEqual([10, 11, 12])
    })

    it.each([
      ['go', 'ts'],
      ['ts', 'go'],
      ['ts', 'ts'],
    ] as const)('fail the callback when a member in %s fails and one in %s ends last', async (...members) => {
      const fleet = await openFleet(service)
      const { result, finish } = await fleet.send(members)
      await finish(0, 'boom')
      await finish(1)
      await expect(result.get({ timeoutMs: 10_000 })).rejects.toMatchObject({
        code: 'ERR_TASK_FAILED',
        message: expect.stringMatching(/upstream task_.* failed: boom/),
      })
      expect(await takeCallbacks(fleet)).toEqual([])
    })

    it.each([
      { members: ['go', 'go'], errors: ['boom', undefined] },
      { members: ['ts', 'go'], errors: [undefined, 'boom'] },
    ] as const)('never call back when Go ends last, with $errors, as Go does (go-core 5.6)', async (run) => {
      const fleet = await openFleet(service)
      const { result, finish } = await fleet.send(run.members)
      for (const [index, error] of run.errors.entries()) await finish(index, error)
      expect(await takeCallbacks(fleet)).toEqual([])
      expect((await result.steps()).map(({ state }) => state?.state)).toEqual([
        ...run.errors.map((error) => (error === undefined ? 'SUCCESS' : 'FAILURE')),
        undefined,
      ])
    })
  })
})
