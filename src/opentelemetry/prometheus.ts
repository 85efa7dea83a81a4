import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MeterProvider } from '@opentelemetry/api'
import { MachineryError } from '../core/errors.ts'
import { METRICS, type MetricDefinition } from './metric-definitions.ts'

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const PACKAGES = '@opentelemetry/api @opentelemetry/sdk-metrics @opentelemetry/exporter-prometheus'

/** Metrics that are read over HTTP. */
export interface PrometheusMetrics {
  readonly meterProvider: MeterProvider
  /** Answers with all metrics in Prometheus' text format. */
  respond(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

/**
 * A meter provider whose metrics are scraped.
 * @throws `ERR_DRIVER_MISSING` with the install line when a package is missing
 */
export async function prometheusMetrics(): Promise<PrometheusMetrics> {
  const { MeterProvider, PrometheusExporter, AggregationTemporality, InstrumentType } = await loadSdk()
  // The SDK keeps the last value of a gauge for ever where sums are cumulative: a queue of a store that is away would look well.
  class Exporter extends PrometheusExporter {
    override selectAggregationTemporality(type: Parameters<typeof this.selectAggregation>[0]) {
      return type === InstrumentType.OBSERVABLE_GAUGE
        ? AggregationTemporality.DELTA
        : AggregationTemporality.CUMULATIVE
    }
  }
  const exporter = new Exporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  })
  const definitions: readonly MetricDefinition[] = Object.values(METRICS)
  // The exporter leaves out the unit, with which names in Prometheus end.
  const views = definitions
    .filter(({ unit }) => unit === 's')
    .map(({ name }) => ({ instrumentName: name, name: `${name}.seconds` }))
  const meterProvider = new MeterProvider({ readers: [exporter], views })
  return {
    meterProvider,
    respond(request, response) {
      exporter.getMetricsRequestHandler(request, response)
      response.setHeader('content-type', CONTENT_TYPE)
    },
    close: () => meterProvider.shutdown(),
  }
}

async function loadSdk() {
  try {
    const [sdk, { PrometheusExporter }] = await Promise.all([
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/exporter-prometheus'),
    ])
    return { ...sdk, PrometheusExporter }
  } catch (cause) {
    throw new MachineryError('ERR_DRIVER_MISSING', `the metrics endpoint needs npm install ${PACKAGES}`, {
      cause,
    })
  }
}
