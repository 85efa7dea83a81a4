import { context, type Attributes } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InstrumentType,
  MeterProvider,
  MetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll } from 'vitest'
import { openTelemetry, type OpenTelemetryOptions } from '../../../src/opentelemetry/index.ts'
import { openBench, type Bench, type BenchOptions } from '../../support/builders.ts'

/** One point of a metric: what was counted, observed, or how often it was recorded and what that sums up to. */
export interface Point {
  readonly attributes: Attributes
  readonly value: number | { readonly count: number; readonly sum: number }
}

/** A bench whose server is traced and measured by real SDKs that keep everything in memory. */
export interface TracedBench extends AsyncDisposable {
  readonly bench: Bench
  readonly tracerProvider: TracerProvider
  /** Ended spans whose operation is `operation`, in order of their start. */
  spans(operation: string): readonly ReadableSpan[]
  /** Metrics now, by name. */
  metrics(): Promise<ReadonlyMap<string, MetricData>>
  /** The points of one metric now. */
  points(name: string): Promise<readonly Point[]>
}

class TestReader extends MetricReader {
  /** Only what was observed now: cumulative readers keep the last value of a gauge. */
  override selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    return type === InstrumentType.OBSERVABLE_GAUGE
      ? AggregationTemporality.DELTA
      : AggregationTemporality.CUMULATIVE
  }
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/** The active context follows what is awaited, as with any SDK for Node. Call it once in a file. */
export function keepActiveContext(): void {
  const contextManager = new AsyncLocalStorageContextManager()
  beforeAll(() => void context.setGlobalContextManager(contextManager.enable()))
  afterAll(() => context.disable())
}

/** Opens a traced bench. */
export async function openTracedBench(
  benchOptions: BenchOptions,
  options: OpenTelemetryOptions = {},
): Promise<TracedBench> {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const reader = new TestReader()
  const meterProvider = new MeterProvider({ readers: [reader] })
  const telemetry = await openTelemetry({ tracerProvider, meterProvider, ...options })
  const bench = await openBench({ ...benchOptions, server: { ...benchOptions.server, telemetry } })
  const metrics = async (): Promise<ReadonlyMap<string, MetricData>> => {
    const { resourceMetrics, errors } = await reader.collect()
    if (errors.length > 0) throw new Error('metrics could not be collected', { cause: errors[0] })
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
    return new Map(all.map((metric) => [metric.descriptor.name, metric]))
  }
  return {
    bench,
    tracerProvider,
    spans: (operation) =>
      exporter
        .getFinishedSpans()
        .filter((span) => span.attributes['messaging.operation.name'] === operation)
        .toSorted((a, b) => Number(startOf(a) - startOf(b))),
    metrics,
    points: async (name) =>
      ((await metrics()).get(name)?.dataPoints ?? []).map(({ attributes, value }) => ({
        attributes,
        value: typeof value === 'number' ? value : { count: value.count, sum: value.sum ?? 0 },
      })),
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]()
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
    },
  }
}

function startOf({ startTime: [seconds, nanos] }: ReadableSpan): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}
