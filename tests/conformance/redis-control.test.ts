import { expect, it } from 'vitest'

import type { ControlStore } from '../../src/core/ports/control-store.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { openStore, rawClient } from './redis-fixture.ts'

await describeService('redis', (service) => {
  const open = async () => {
    const { backend } = await openStore({ url: service.url })
    const area = service.namespace()
    const raw = rawClient(service.url)
    const [values, times] = [`mq:{control}:v:${area}`, `mq:{control}:at:${area}`] as const
    await raw.del(values, times)
    const put = (key: string, expiresInMs: number) =>
      (backend.control as ControlStore).put(area, [{ key, value: 'value', expiresInMs }])
    return { raw, values, times, put }
  }

  it('what ran out is removed by the writes that follow, a bounded number each', async () => {
    const { raw, values, times, put } = await open()
    for (let index = 0; index < 20; index++) await put(`old ${index}`, 1)
    await put('kept', Infinity)
    await waitFor(async () => {
      await put('kept', Infinity)
      return (await raw.hlen(values)) === 1 && (await raw.zcard(times)) === 1
    })
    expect(await raw.hkeys(values)).toEqual(['kept'])
    await raw.del(values, times)
  })

  it('an area is gone with the last of its values, and stays while one of them does', async () => {
    const { raw, values, times, put } = await open()
    await put('short', 60_000)
    await put('long', 600_000)
    await put('short', 60_000)
    for (const key of [values, times]) {
      expect(await raw.pttl(key)).toBeGreaterThan(500_000)
      expect(await raw.pttl(key)).toBeLessThanOrEqual(600_000)
    }
    await put('kept', Infinity)
    for (const key of [values, times]) expect(await raw.pttl(key)).toBe(-1)
    await raw.del(values, times)
  })
})
