import { beforeAll, describe, expect, it } from 'vitest'
import { createServer, type Server } from '../../../src/app/create-server.ts'
import { startMetricsEndpoint } from '../../../src/app/metrics-endpoint.ts'
import type { Broker, Consumer } from '../../../src/core/ports/broker.ts'
import { memoryStore } from '../../../src/drivers/memory/index.ts'
import {
  type BackendFaults,
  type BrokerFaults,
  type FakeClock,
  fakeClock,
  faultyBackend,
  faultyBroker,
} from '../../../src/testing/index.ts'
import type { Task } from '../../../src/task/task-handle.ts'
import { task } from '../../../src/task/task.ts'
import type { WorkerOptions } from '../../../src/worker/worker-options.ts'
import { type Gate, gate } from '../../support/builders.ts'
import { httpGet, type HttpAnswer } from '../../support/http-get.ts'
import { waitFor } from '../../support/wait-for.ts'

// What it loads touches standard input, which would count as left open by the first test.
beforeAll(async () => void (await import('@opentelemetry/exporter-prometheus')))

interface Probed extends AsyncDisposable {
  readonly clock: FakeClock
  readonly server: Server
  /** A task that runs until `release` opens. */
  readonly long: Task<[], void>
  readonly release: Gate
  readonly brokerFaults: BrokerFaults
  readonly backendFaults: BackendFaults
  /** While set, claims that do not wait are never answered until it opens. */
  readonly stuck: { until?: Gate }
  /** While set, the broker's counts are never answered until it opens. */
  readonly silent: { until?: Gate }
  probe(path: '/live' | '/ready'): Promise<HttpAnswer>
  startWorker(options?: WorkerOptions): ReturnType<Server['startWorker']>
}

async function openProbed(): Promise<Probed> {
  const clock = fakeClock()
  const release = gate()
  const long = task('long', () => release.opened)
  const store = memoryStore({ clock })
  const brokerFaults: BrokerFaults = {}
  const backendFaults: BackendFaults = {}
  const stuck: Probed['stuck'] = {}
  const silent: Probed['silent'] = {}
  const endpoint = await startMetricsEndpoint({ port: 0, clock, stallMs: 60_000, checkTimeoutMs: 2_000 })
  const server = await createServer({
    broker: withHangs(faultyBroker(store.broker, brokerFaults, clock), stuck, silent),
    resultBackend: faultyBackend(store.backend, backendFaults, clock),
    clock,
    tasks: [long],
    telemetry: endpoint.telemetry,
  })
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false
    const end = (): void => void (isOver = true)
    promise.then(end, end)
    await clock.advanceUntil(() => isOver, 120_000)
    return promise
  }
  return {
    clock,
    server,
    long,
    release,
    brokerFaults,
    backendFaults,
    stuck,
    silent,
    async probe(path) {
      const answer = await httpGet(`${endpoint.url}${path}`)
      // What an idle fetcher was asked for happens before time goes on.
      await clock.settle()
      return answer
    },
    startWorker: (options) => server.startWorker({ name: 'w', noSignals: true, ...options }),
    async [Symbol.asyncDispose]() {
      stuck.until?.open()
      silent.until?.open()
      release.open()
      await settled(server.close())
      await store.close()
      await endpoint.close()
    },
  }
}

function withHangs(broker: Broker, stuck: Probed['stuck'], silent: Probed['silent']): Broker {
  const { inspector } = broker
  if (inspector === undefined) throw new Error('memory has an inspector')
  return {
    ...broker,
    inspector: {
      ...inspector,
      stats: async (queue) => {
        await silent.until?.opened
        return inspector.stats(queue)
      },
    },
    async consume(queue, options) {
      const consumer = await broker.consume(queue, options)
      const claim: Consumer['claim'] = async (want, signal) => {
        if (signal === undefined) await stuck.until?.opened
        return consumer.claim(want, signal)
      }
      return { ...bound(consumer), claim }
    },
  }
}

function bound(consumer: Consumer): Consumer {
  return {
    claim: (want, signal) => consumer.claim(want, signal),
    settle: (batch) => consumer.settle(batch),
    resize: (most) => consumer.resize(most),
    close: () => consumer.close(),
  }
}

const QUEUES: readonly WorkerOptions[] = [{ queues: 'a' }, { queues: ['a', 'b'] }]

describe.each(QUEUES)('/live of a worker with %j', (options) => {
  it('stays green while nothing arrives, for hours', async () => {
    await using probed = await openProbed()
    await probed.startWorker(options)
    await probed.clock.settle()
    for (let look = 0; look < 4; look += 1) {
      expect(await probed.probe('/live')).toMatchObject({ status: 200, body: 'ok\n' })
      await probed.clock.advance(3_600_000)
    }
  })

  it('turns red when the store has not answered a claim for stallMs, and green again', async () => {
    await using probed = await openProbed()
    await probed.startWorker(options)
    await probed.clock.settle()
    await probed.probe('/live')
    probed.stuck.until = gate()
    expect(await probed.probe('/live')).toMatchObject({ status: 200 })
    await probed.clock.advance(59_000)
    expect(await probed.probe('/live')).toMatchObject({ status: 200 })
    await probed.clock.advance(2_000)
    expect(await probed.probe('/live')).toMatchObject({
      status: 503,
      body: 'worker w has fetched nothing for 61 s\n',
    })
    probed.stuck.until.open()
    delete probed.stuck.until
    await probed.clock.settle()
    expect(await probed.probe('/live')).toMatchObject({ status: 200 })
  })

  it('turns red when every claim fails for stallMs', async () => {
    await using probed = await openProbed()
    await probed.startWorker(options)
    await probed.clock.settle()
    await probed.probe('/live')
    probed.brokerFaults.down = true
    await probed.probe('/live')
    await probed.clock.advance(61_000)
    expect((await probed.probe('/live')).status).toBe(503)
    probed.brokerFaults.down = false
    await probed.clock.advance(30_000)
    expect((await probed.probe('/live')).status).toBe(200)
  })
})

describe('/live', () => {
  it('is green without a worker', async () => {
    await using probed = await openProbed()
    expect((await probed.probe('/live')).status).toBe(200)
  })

  it('is green while every slot is taken, however long', async () => {
    await using probed = await openProbed()
    await probed.startWorker({ concurrency: 1 })
    await probed.server.sendMany(Array.from({ length: 200 }, () => probed.long()))
    await probed.clock.advance(1_000)
    for (let look = 0; look < 3; look += 1) {
      expect((await probed.probe('/live')).status).toBe(200)
      await probed.clock.advance(600_000)
    }
  })

  it('does not look at a worker that closes', async () => {
    await using probed = await openProbed()
    const worker = await probed.startWorker({ graceMs: 300_000 })
    await probed.server.send(probed.long())
    await probed.clock.settle()
    await probed.probe('/live')
    const closed = worker.close()
    for (let look = 0; look < 2; look += 1) {
      await probed.clock.advance(120_000)
      expect((await probed.probe('/live')).status).toBe(200)
    }
    probed.release.open()
    await probed.clock.advance(10_000)
    await closed
  })
})

describe('/ready', () => {
  it('is green when broker and backend answer', async () => {
    await using probed = await openProbed()
    expect(await probed.probe('/ready')).toMatchObject({ status: 200, body: 'ok\n' })
  })

  it('is red without an open server', async () => {
    await using probed = await openProbed()
    await probed.server.close()
    expect(await probed.probe('/ready')).toMatchObject({ status: 503, body: 'no server is open\n' })
  })

  it('names who does not answer, and no text of an error', async () => {
    await using probed = await openProbed()
    probed.backendFaults.down = true
    const { status, body } = await probed.probe('/ready')
    expect(status).toBe(503)
    expect(body).toMatch(/^result backend: (ERR_[A-Z_]+|fails)\n$/)
    probed.backendFaults.down = false
    expect((await probed.probe('/ready')).status).toBe(200)
  })

  it('is red when an answer takes too long', async () => {
    await using probed = await openProbed()
    probed.silent.until = gate()
    const timers = probed.clock.pendingTimers
    const answer = probed.probe('/ready')
    await waitFor(() => probed.clock.pendingTimers > timers, { what: 'the deadline of the check' })
    await probed.clock.advance(2_000)
    expect(await answer).toMatchObject({ status: 503, body: 'broker: no answer within 2000 ms\n' })
  })
})
