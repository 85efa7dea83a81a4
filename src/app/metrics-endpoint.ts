import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { Telemetry } from '../core/telemetry.ts'
import { Health, type Verdict } from './health.ts'

/** Options of `startMetricsEndpoint`. */
export interface MetricsEndpointOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number
  /** Address to listen on. Whoever reaches it reads the names of tasks and queues. @default '127.0.0.1' */
  readonly host?: string
  /** ms without an answered claim after which `/live` answers 503. @default 60_000 */
  readonly stallMs?: number
  /** ms that broker and backend may take to answer `/ready`. @default 2_000 */
  readonly checkTimeoutMs?: number
  /** As of `openTelemetry`: how a run belongs to the send that its message comes from. @default 'link' */
  readonly runs?: 'link' | 'parent'
  /** As of `openTelemetry`. @default 200 */
  readonly maxNames?: number
  readonly clock?: Clock
}

/** A listening metrics endpoint. */
export interface MetricsEndpoint extends AsyncDisposable {
  /** Without a path: `http://127.0.0.1:9464`. */
  readonly url: string
  /** For `createServer`: metrics go to `/metrics`, spans to the tracer provider that is registered, if one is. */
  readonly telemetry: Telemetry
  /** Idempotent: stops listening, ends open connections. */
  close(): Promise<void>
}

const KNOWN_OPTIONS: readonly string[] = [
  'port',
  'host',
  'stallMs',
  'checkTimeoutMs',
  'runs',
  'maxNames',
  'clock',
] satisfies readonly (keyof MetricsEndpointOptions)[]

const MAX_PORT = 65_535

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/**
 * Serves three paths over HTTP, for the servers that are given its `telemetry`:
 * - `/metrics`: all metrics in Prometheus' text format.
 * - `/live`: 200 while fetching makes progress in every worker, 503 when one had no claim answered for `stallMs`. The first look
 *   after a quiet time only asks; the next one knows.
 * - `/ready`: 200 when broker and result backend answer, else 503.
 * @throws `ERR_OPTION_INVALID` naming the option, also for a port that is taken; `ERR_DRIVER_MISSING` with the install line.
 * @example
 * await using endpoint = await startMetricsEndpoint({ port: 9464 })
 * await using server = await createServer({ broker: 'memory:', telemetry: endpoint.telemetry })
 */
export async function startMetricsEndpoint(options: MetricsEndpointOptions): Promise<MetricsEndpoint> {
  checkOptions(options)
  const { port, host = '127.0.0.1', stallMs = 60_000, checkTimeoutMs = 2_000, clock = systemClock } = options
  const [{ openTelemetry }, { prometheusMetrics }] = await Promise.all([
    import('../opentelemetry/open-telemetry.ts'),
    import('../opentelemetry/prometheus.ts'),
  ])
  const metrics = await prometheusMetrics()
  const health = new Health({ clock, stallMs, checkTimeoutMs })
  const { runs, maxNames } = options
  const telemetry = await openTelemetry({
    meterProvider: metrics.meterProvider,
    clock,
    ...(runs === undefined ? {} : { runs }),
    ...(maxNames === undefined ? {} : { maxNames }),
  })
  const answers = new Map<string, Answer>([
    ['/metrics', (request, response) => metrics.respond(request, response)],
    ['/live', (_request, response) => verdict(response, health.live())],
    ['/ready', async (_request, response) => verdict(response, await health.ready())],
  ])
  const http = createHttpServer((request, response) => void answer(answers, request, response))
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject)
      http.listen(port, host, resolve)
    })
  } catch (cause) {
    await metrics.close()
    throw invalid(
      `port ${port} of ${host} cannot be listened on; a free port of this machine is right`,
      cause,
    )
  }
  http.on('error', () => {
    // A connection that could not be accepted: whoever scrapes sees it, and the process goes on.
  })
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => http.close(resolve))
    http.closeAllConnections()
    await closed
    await metrics.close()
  }
  const endpoint: MetricsEndpoint = {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(http.address() as AddressInfo).port}`,
    telemetry: {
      ...telemetry,
      watchWorker: (source) => both(telemetry.watchWorker(source), health.watchWorker(source)),
      watchServer: (source) => both(telemetry.watchServer(source), health.watchServer(source)),
    },
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => endpoint.close(),
  }
  return endpoint
}

async function answer(
  answers: ReadonlyMap<string, Answer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1)
  const give = answers.get(path)
  if (give === undefined) return end(response, 404, `${[...answers.keys()].join(', ')} are here\n`)
  if (request.method === 'GET' || request.method === 'HEAD') return give(request, response)
  response.setHeader('allow', 'GET, HEAD')
  end(response, 405, 'GET is right\n')
}

function verdict(response: ServerResponse, { isOk, problems }: Verdict): void {
  end(response, isOk ? 200 : 503, isOk ? 'ok\n' : `${problems.join('\n')}\n`)
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(text)
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first()
    second()
  }
}

function checkOptions(options: MetricsEndpointOptions): void {
  const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key))
  if (unknown !== undefined)
    throw invalid(`startMetricsEndpoint knows no option ${unknown}; it knows ${KNOWN_OPTIONS.join(', ')}`)
  const { port, host = '127.0.0.1' } = options
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT)
    throw invalid(`port is ${port}; a whole number from 0 to ${MAX_PORT} is right`)
  if (typeof host !== 'string' || host === '')
    throw invalid(`host is ${host}; an address to listen on is right`)
  for (const option of ['stallMs', 'checkTimeoutMs'] as const) {
    const ms = options[option]
    if (ms !== undefined && !(Number.isFinite(ms) && ms > 0))
      throw invalid(`${option} is ${ms}; a number of ms above 0 is right`)
  }
}

function invalid(text: string, cause?: unknown): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', text, { cause })
}
