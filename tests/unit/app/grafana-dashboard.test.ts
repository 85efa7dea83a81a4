import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  ATTRIBUTE,
  METRICS,
  prometheusName,
  type MetricDefinition,
} from '../../../src/opentelemetry/metric-definitions.ts'
import { ROOT } from '../../../scripts/step-runner.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly targets?: readonly { readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly definition?: string }[] }
}

const dashboard = JSON.parse(readFileSync(join(ROOT, 'examples/grafana/machinery.json'), 'utf8')) as Dashboard
const queries = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
]

const definitions: readonly MetricDefinition[] = Object.values(METRICS)
const series = (one: MetricDefinition): readonly string[] => {
  const name = prometheusName(one)
  return one.kind === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name]
}
const labels = new Set(Object.values(ATTRIBUTE).map((name) => name.replaceAll('.', '_')))

/** Everything in a query that is named by the product. */
function namesIn(query: string): readonly string[] {
  return [...query.matchAll(/\b(?:machinery|messaging)_[a-z_]+/g)].map(([name]) => name)
}

describe('the Grafana dashboard', () => {
  it('asks for nothing that the product does not export', () => {
    const known = new Set([...definitions.flatMap(series), ...labels])
    expect(queries.flatMap(namesIn).filter((name) => !known.has(name))).toEqual([])
  })

  it('shows every metric', () => {
    const asked = new Set(queries.flatMap(namesIn))
    const unseen = definitions.filter((one) => !series(one).some((name) => asked.has(name)))
    expect(unseen.map(({ name }) => name)).toEqual([])
  })

  it('has panels with ids of their own', () => {
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('would be refused with a name that is none', () => {
    expect(namesIn('rate(machinery_tasks_lost_total{machinery_task_name="a"}[5m])')).toEqual([
      'machinery_tasks_lost_total',
      'machinery_task_name',
    ])
  })
})
