import type { MeterProvider, TextMapPropagator, TracerProvider } from '@opentelemetry/api'
import { systemClock, type Clock } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { Telemetry } from '../core/telemetry.ts'
import { loadApi } from './api.ts'
import { Gauges } from './gauges.ts'
import { Instruments } from './instruments.ts'
import { tracing, type RunRelation } from './spans.ts'
import { traceContext } from './trace-context.ts'

const SCOPE = 'machinery-ts'
const MOST_NAMES = 200

/** Options of `openTelemetry`. */
export interface OpenTelemetryOptions {
  /** @default the registered one: register an SDK before */
  readonly tracerProvider?: TracerProvider
  /** @default the registered one: register an SDK before */
  readonly meterProvider?: MeterProvider
  /** How a context travels in the headers of messages. @default the registered one, else W3C Trace Context */
  readonly propagator?: TextMapPropagator
  /**
   * `link`: a run is a trace of its own, linked to the send. `parent`: a child of the send, in its trace; traces of long workflows and
   * of delayed tasks grow long then. @default 'link'
   */
  readonly runs?: RunRelation
  /** Different task names, and queues, that get series of their own in metrics; the others are `other`. @default 200 */
  readonly maxNames?: number
  /** Bounds the wait for a store that is asked for its queues. @default the machine's */
  readonly clock?: Clock
}

const KNOWN_OPTIONS: readonly string[] = [
  'tracerProvider',
  'meterProvider',
  'propagator',
  'runs',
  'maxNames',
  'clock',
] satisfies readonly (keyof OpenTelemetryOptions)[]

/**
 * Traces and metrics through the OpenTelemetry API: the `telemetry` of `createServer`. Without a registered SDK, or one that is given,
 * it does nothing.
 * @throws `ERR_DRIVER_MISSING` with the install line without `@opentelemetry/api`; `ERR_OPTION_INVALID` naming the option.
 * @example
 * const server = await createServer({ broker: 'memory:', telemetry: await openTelemetry() })
 */
export async function openTelemetry(options: OpenTelemetryOptions = {}): Promise<Telemetry> {
  checkOptions(options)
  const api = await loadApi()
  const { runs = 'link', maxNames = MOST_NAMES, clock = systemClock } = options
  const tracer = (options.tracerProvider ?? api.trace).getTracer(SCOPE)
  const meter = (options.meterProvider ?? api.metrics).getMeter(SCOPE)
  const spans = tracing({ api, tracer, traceContext: traceContext(api, options.propagator), runs })
  const instruments = new Instruments(meter, maxNames)
  const gauges = new Gauges(meter, clock)
  return {
    send: (facts) => spans.send(facts),
    sent: (taskName, queue) => instruments.sent(taskName, queue),
    receive(queue, deliveries) {
      instruments.received(deliveries)
      return spans.receive(queue, deliveries)
    },
    run(delivery, waitedMs) {
      instruments.started(delivery, waitedMs)
      return spans.run(delivery, (end) => instruments.finished(delivery, end))
    },
    handOff: (facts) => spans.handOff(facts),
    leaseLost: (delivery) => instruments.leaseLost(delivery),
    deadLettered: (delivery) => instruments.deadLettered(delivery),
    watchWorker: (source) => gauges.watch(source),
    watchServer: () => () => {},
  }
}

function checkOptions(options: OpenTelemetryOptions): void {
  const { runs = 'link', maxNames = MOST_NAMES } = options
  const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key))
  if (unknown !== undefined)
    throw invalid(`openTelemetry knows no option ${unknown}; it knows ${KNOWN_OPTIONS.join(', ')}`)
  if (runs !== 'link' && runs !== 'parent')
    throw invalid(`runs is ${String(runs)}; 'link' or 'parent' is right`)
  if (!Number.isInteger(maxNames) || maxNames < 1)
    throw invalid(`maxNames is ${maxNames}; a whole number above 0 is right`)
}

function invalid(text: string): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', text)
}
