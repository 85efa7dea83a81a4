export {
  ATTRIBUTE,
  DURATION_BUCKETS,
  METRICS,
  prometheusName,
  type MetricDefinition,
} from './metric-definitions.ts'
export { openTelemetry, type OpenTelemetryOptions } from './open-telemetry.ts'
export type { RunRelation } from './spans.ts'
