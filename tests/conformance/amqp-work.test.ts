import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, describe, expect, it } from 'vitest'

import { chain, chord, createServer, group, task } from '../../src/index.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { closing, rawChannel } from './amqp-fixture.ts'

// Tasks, workflows and schedules over RabbitMQ, with states in a file.

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

let failures = 0
const add = task('add', (...terms: number[]) => terms.reduce((sum, term) => sum + term, 0))
const multiply = task('multiply', (...factors: number[]) => factors.reduce((all, factor) => all * factor, 1))
const unsteady = task('unsteady', (value: number) => {
  failures += 1
  if (failures < 3) throw new Error(`failure ${failures}`)
  return value
})

await describeService('rabbitmq', (service) => {
  describe.each(['classic', 'quorum'])('on %s queues', (queueType) => {
    /** The URLs and the queue of this test. */
    const place = () => {
      const queue = service.namespace()
      const folder = mkdtempSync(join(tmpdir(), 'machinery-amqp-'))
      folders.push(folder)
      const type = queueType === 'quorum' ? '&queueType=quorum' : ''
      const broker = `${service.url}?defaultQueue=${queue}&bindingKey=${queue}${type}`
      return { broker, resultBackend: `sqlite:${join(folder, 'jobs.db')}`, defaultQueue: queue }
    }
    const openServer = async (tasks: Parameters<typeof createServer>[0]['tasks']) => {
      const where = place()
      return { where, server: closing(await createServer({ ...where, tasks: tasks ?? [] })) }
    }

    it('runs a chain, a group and a chord, nested', async () => {
      const { server } = await openServer([add, multiply])
      await server.startWorker({ concurrency: 5, noSignals: true })
      const work = chain(chord([add(1, 1), chain(add(5, 5), multiply(2))], multiply()), add(2))
      const [nested, members] = await Promise.all([
        server.send(work),
        server.send(group([add(1, 2), add(3, 4)])),
      ])
      expect(await nested.get({ timeoutMs: 30_000 })).toBe(42)
      expect(await members.get({ timeoutMs: 30_000 })).toEqual([3, 7])
    })

    it('runs a delayed task when it is due, and a failing one again', async () => {
      failures = 0
      const { server } = await openServer([add, unsteady])
      await server.startWorker({ concurrency: 5, noSignals: true })
      const sentAt = performance.now()
      const delayed = await server.send(add(1, 1).with({ delayMs: 300 }))
      const retried = await server.send(unsteady(7).with({ retryCount: 5 }))
      expect(await delayed.get({ timeoutMs: 30_000 })).toBe(2)
      expect(performance.now() - sentAt).toBeGreaterThanOrEqual(299)
      expect(await retried.get({ timeoutMs: 50_000 })).toBe(7)
      expect(failures).toBe(3)
    })

    it('fires a schedule once per tick', async () => {
      const seen: string[] = []
      const tick = task('tick', () => void seen.push(String(performance.now())))
      const { server } = await openServer([tick])
      await server.startWorker({ concurrency: 1, noSignals: true })
      await server.schedule('every second', '@every 1s', tick())
      await waitFor(() => seen.length >= 2, { what: 'two ticks', timeoutMs: 20_000 })
      expect(new Set(seen).size).toBe(seen.length)
    })

    it('makes a dead letter of what cannot be read, and redrives it', async () => {
      const { server, where } = await openServer([add])
      const worker = await server.startWorker({ concurrency: 1, noSignals: true })
      const channel = await rawChannel(service.url)
      channel.sendToQueue(where.defaultQueue, Buffer.from('{'), { persistent: true })
      channel.sendToQueue(where.defaultQueue, Buffer.from(''), { persistent: true })
      await waitFor(async () => (await server.queueStats()).dead === 2, { what: 'two dead letters' })
      const sent = await server.send(add(2, 2))
      expect(await sent.get({ timeoutMs: 30_000 })).toBe(4)
      await worker.close()
      expect(await server.redrive()).toBe(1)
    })

    it('gives back what a worker that closes did not begin, and another one runs it', async () => {
      let ran = 0
      const slow = task('slow', async () => {
        ran += 1
        await waitFor(() => ran >= 2, { timeoutMs: 30_000 })
      })
      const { server } = await openServer([slow])
      const first = await server.startWorker({ concurrency: 1, noSignals: true })
      const all = await server.sendMany([slow(), slow(), slow()])
      await waitFor(() => ran === 1)
      const closingFirst = first.close()
      await server.startWorker({ concurrency: 3, noSignals: true })
      await closingFirst
      for (const sent of all) await sent.get({ timeoutMs: 30_000 })
      expect(ran).toBe(3)
    })
  })
})
