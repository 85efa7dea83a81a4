import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { CONFIG_KEYS } from '../src/app/config/config-keys.ts'
import { ERROR_CODES } from '../src/core/error-codes.ts'
import { aclLine } from '../src/drivers/redis/redis-acl.ts'
import { configTable, goDefaultTable, noEffectTable } from './config-table.ts'
import { driverMatrix } from './driver-matrix.ts'
import { driverRows } from './driver-rows.ts'
import { errorTable } from './error-table.ts'
import { withSection } from './generated-section.ts'
import { interopTables } from './interop-table.ts'
import { optionTable } from './option-table.ts'
import { ROOT } from './step-runner.ts'

/** A page of which a part is generated. */
export interface GeneratedPage {
  /** From the root. */
  readonly path: string
  /** The page with its generated part renewed. */
  readonly render: (page: string) => string
}

/** The pages with tables of options: per page the interfaces, and the files they are in. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs/reference/options.md': {
    PortOptions: 'src/app/open-ports.ts',
    ServerOptions: 'src/server/server-options.ts',
    WorkerOptions: 'src/worker/worker-options.ts',
    WorkerHooks: 'src/worker/worker-options.ts',
    TaskOptions: 'src/task/task-options.ts',
    SendOptions: 'src/task/send-options.ts',
    WaitOptions: 'src/server/async-result.ts',
    WireLimits: 'src/core/wire/limits.ts',
    MetricsEndpointOptions: 'src/app/metrics-endpoint.ts',
    OpenTelemetryOptions: 'src/opentelemetry/open-telemetry.ts',
  },
  'docs/drivers/memory.md': { MemoryStoreOptions: 'src/drivers/memory/memory-store.ts' },
  'docs/drivers/sqlite.md': { SqliteStoreOptions: 'src/drivers/sqlite/sqlite-options.ts' },
  'docs/drivers/redis.md': { RedisStoreOptions: 'src/drivers/redis/redis-options.ts' },
  'docs/drivers/amqp.md': { AmqpStoreOptions: 'src/drivers/amqp/amqp-options.ts' },
}

/** All generated parts of the documentation. */
export async function generatedPages(): Promise<readonly GeneratedPage[]> {
  const matrix = driverMatrix(await driverRows())
  return [
    { path: 'README.md', render: (page) => withSection(page, 'driver matrix', matrix) },
    {
      path: 'docs/reference/errors.md',
      render: (page) => withSection(page, 'error codes', errorTable(ERROR_CODES)),
    },
    {
      path: 'docs/drivers/redis.md',
      render: (page) =>
        withSection(
          page,
          'access rights',
          `\`\`\`text\n${aclLine('worker')}\n${aclLine('producer')}\n\`\`\``,
        ),
    },
    { path: 'docs/reference/configuration.md', render: withConfigTables },
    {
      path: 'docs/interop.md',
      render: (page) =>
        withSection(page, 'interop cells', interopTables(join(ROOT, 'tests/interop/results'))),
    },
    ...Object.entries(OPTIONS).map(([path, interfaces]) => ({
      path,
      render: (page: string) => withOptions(page, interfaces),
    })),
  ]
}

function withConfigTables(page: string): string {
  const goKeys = CONFIG_KEYS.filter(({ go }) => go !== undefined)
  const others = CONFIG_KEYS.filter(({ go }) => go === undefined)
  const tables = {
    'keys of Go': configTable(goKeys, true),
    'defaults of Go': goDefaultTable(goKeys),
    'keys without effect': noEffectTable(goKeys),
    'other keys': configTable(others, false),
  }
  return Object.entries(tables).reduce((text, [name, table]) => withSection(text, name, table), page)
}

function withOptions(page: string, interfaces: Readonly<Record<string, string>>): string {
  let text = page
  for (const [name, file] of Object.entries(interfaces)) {
    text = withSection(text, name, optionTable(readFileSync(join(ROOT, file), 'utf8'), name))
  }
  return text
}
