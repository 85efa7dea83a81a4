import parsePrometheusTextFormat, { type Family } from 'parse-prometheus-text-format'
import { beforeAll, describe, expect, it } from 'vitest'
import { createServer, type Server } from '../../../src/app/create-server.ts'
import {
  startMetricsEndpoint,
  type MetricsEndpoint,
  type MetricsEndpointOptions,
} from '../../../src/app/metrics-endpoint.ts'
import { systemClock } from '../../../src/core/clock.ts'
import {
  METRICS,
  prometheusName,
  type MetricDefinition,
} from '../../../src/opentelemetry/metric-definitions.ts'
import { task } from '../../../src/task/task.ts'
import { httpGet } from '../../support/http-get.ts'
import { waitFor } from '../../support/wait-for.ts'

const definitions: readonly MetricDefinition[] = Object.values(METRICS)

// What it loads touches standard input, which would count as left open by the first test.
beforeAll(async () => void (await import('@opentelemetry/exporter-prometheus')))

async function open(options: Partial<MetricsEndpointOptions> = {}): Promise<{
  readonly endpoint: MetricsEndpoint
  readonly server: Server
  [Symbol.asyncDispose](): Promise<void>
}> {
  const endpoint = await startMetricsEndpoint({ port: 0, ...options })
  const tasks = [
    task('add', (a: number, b: number) => a + b),
    task('flaky', () => {
      throw new Error('always')
    }),
  ]
  const server = await createServer({
    broker: 'memory:',
    resultBackend: 'memory:',
    tasks,
    telemetry: endpoint.telemetry,
  })
  return {
    endpoint,
    server,
    async [Symbol.asyncDispose]() {
      await server.close()
      await endpoint.close()
    },
  }
}

async function scrape(endpoint: MetricsEndpoint): Promise<ReadonlyMap<string, Family>> {
  const { body } = await httpGet(`${endpoint.url}/metrics`)
  return new Map(parsePrometheusTextFormat(body).map((family) => [family.name, family]))
}

describe('/metrics', () => {
  it('is read by a Prometheus parser, with the names and types that are defined', async () => {
    await using opened = await open()
    const { endpoint, server } = opened
    await server.startWorker({ name: 'w"1"', concurrency: 3, noSignals: true })
    const add = task('add', (a: number, b: number) => a + b)
    const flaky = task('flaky', () => {})
    const sum = await server.send(add(1, 2))
    await sum.get({ timeoutMs: 5_000 })
    const failed = await server.send(flaky().with({ retryCount: 1, retry: { kind: 'fixed', delayMs: 1 } }))
    await expect(failed.get({ timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'ERR_TASK_FAILED' })
    const families = await waitFor(async () => {
      const all = await scrape(endpoint)
      return all.has(prometheusName(METRICS.eventLoopDelay)) ? all : undefined
    })
    const right = new Map(definitions.map((one) => [prometheusName(one), one.kind.toUpperCase()]))
    for (const { name, type, help } of families.values()) {
      expect([name, type]).toEqual([name, right.get(name)])
      expect(help).not.toBe('')
    }
    const labels = { machinery_task_name: 'add', messaging_destination_name: 'machinery_tasks' }
    expect(families.get('machinery_tasks_finished_total')?.metrics).toContainEqual({
      labels: { ...labels, machinery_outcome: 'success' },
      value: '1',
    })
    // The parser leaves out the labels of histograms.
    const { body } = await httpGet(`${endpoint.url}/metrics`)
    const ofAdd = 'machinery_task_name="add",messaging_destination_name="machinery_tasks"'
    expect(body).toContain(`\nmachinery_task_wait_duration_seconds_count{${ofAdd}} 1\n`)
    expect(body).toContain(`\nmachinery_task_wait_duration_seconds_bucket{${ofAdd},le="7200"} 1\n`)
    expect(families.get('machinery_worker_slots_capacity')?.metrics).toEqual([
      { labels: { machinery_worker_name: 'w"1"' }, value: '3' },
    ])
    expect(families.get('machinery_queue_depth')?.metrics).toHaveLength(4)
  })

  it('says nothing of workers that have closed, and of queues that nobody looks at', async () => {
    await using opened = await open()
    const { endpoint, server } = opened
    const worker = await server.startWorker({ noSignals: true })
    expect((await scrape(endpoint)).has('machinery_queue_depth')).toBe(true)
    await worker.close()
    const families = await scrape(endpoint)
    for (const gone of ['machinery_queue_depth', 'machinery_worker_slots_used'])
      expect(families.get(gone)?.metrics ?? []).toEqual([])
  })

  it('says its format, and is there before anything has happened', async () => {
    await using endpoint = await startMetricsEndpoint({ port: 0 })
    const { status, headers, body } = await httpGet(`${endpoint.url}/metrics?name=x`)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(parsePrometheusTextFormat(body)).toEqual([])
  })
})

describe('the endpoint', () => {
  it('listens on loopback only, unless told otherwise', async () => {
    await using endpoint = await startMetricsEndpoint({ port: 0 })
    expect(endpoint.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('answers 404 elsewhere and 405 to what is no read', async () => {
    await using endpoint = await startMetricsEndpoint({ port: 0 })
    expect(await httpGet(`${endpoint.url}/`)).toMatchObject({
      status: 404,
      body: '/metrics, /live, /ready are here\n',
    })
    const refused = await httpGet(`${endpoint.url}/metrics`, 'POST')
    expect(refused.status).toBe(405)
    expect(refused.headers['allow']).toBe('GET, HEAD')
    expect(await httpGet(`${endpoint.url}/live`, 'HEAD')).toMatchObject({ status: 200, body: '' })
  })

  it('closes once, and nobody answers afterwards', async () => {
    const endpoint = await startMetricsEndpoint({ port: 0 })
    await Promise.all([endpoint.close(), endpoint.close()])
    await expect(httpGet(`${endpoint.url}/live`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('names a port that is taken', async () => {
    await using endpoint = await startMetricsEndpoint({ port: 0 })
    const port = Number(new URL(endpoint.url).port)
    await expect(startMetricsEndpoint({ port })).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: `port ${port} of 127.0.0.1 cannot be listened on; a free port of this machine is right`,
    })
  })

  it.each([
    [{ port: -1 }, 'port is -1; a whole number from 0 to 65535 is right'],
    [{ port: 0, host: '' }, 'host is ; an address'],
    [{ port: 0, stallMs: 0 }, 'stallMs is 0; a number of ms above 0 is right'],
    [{ port: 0, checkTimeoutMs: Number.NaN }, 'checkTimeoutMs is NaN'],
    [{ port: 0, path: '/m' }, 'startMetricsEndpoint knows no option path; it knows port,'],
    [{ port: 0, maxNames: 0 }, 'maxNames is 0'],
  ])('refuses %j', async (options, text) => {
    await expect(startMetricsEndpoint(options as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining(text) as string,
    })
  })
})

describe('telemetry of a server', () => {
  it.each([
    [5, 'telemetry is number'],
    [{}, 'telemetry is object'],
    [Promise.resolve(), 'telemetry is a Promise; what await openTelemetry()'],
  ])('%s is refused', async (telemetry, text) => {
    await expect(
      createServer({ broker: 'memory:', clock: systemClock, telemetry: telemetry as never }),
    ).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining(text) as string,
    })
  })
})
