import { afterAll, afterEach, beforeAll } from 'vitest'

import { createServer, type CreateServerOptions, type Server } from '../../src/index.ts'
import { currentNamespace, namespace } from '../support/namespace.ts'
import { describeSource, type ServiceInTests } from '../support/services.ts'
import { SERVICES, type ServiceName } from '../support/service-definitions.ts'
import { findService, type Source } from '../support/service-process.ts'
import { testCells, type Cell } from './cell.ts'
import { BUILD_WITHIN_MS, findGo } from './go-build.ts'
import { startGoProgram, type GoProgram, type GoSettings } from './go-program.ts'
import { gates, handlers, type Gates } from './tasks.ts'

/** How Go and TypeScript reach the same stores. */
export interface Meeting {
  readonly go: GoSettings
  /** Where the delayed tasks can be told apart, both languages keep them under `delayedKey`. */
  readonly typeScript: (delayedKey: string) => Pick<CreateServerOptions, 'broker' | 'resultBackend'>
}

/** What a cell of the matrix works with. */
export interface Interop {
  readonly go: GoProgram
  /** How `go` was started. */
  readonly goSettings: GoSettings
  /** Starts another Go program, which is stopped when the test ends. */
  startGo(changes: Partial<GoSettings>): Promise<GoProgram>
  /** Consumed by a Go worker, which moves what is delayed under `goDelayedKey`. */
  readonly goQueue: string
  readonly goDelayedKey: string
  /** Of this test alone. */
  readonly tsQueue: string
  /** Of this test alone; nobody moves what is under it but who is told to. */
  readonly delayedKey: string
  /** A name of this test alone. */
  name(suffix: string): string
  /** The gates of TypeScript's tasks `hold`. */
  readonly gates: Gates
  /** A TypeScript server with all tasks, closed when the test ends. */
  openServer(options?: ServerChanges): Promise<Server>
  /** The same with a worker on a queue, by default `tsQueue`. */
  startWorker(options?: ServerChanges & { readonly queue?: string }): Promise<Server>
}

/** Options of a cell's server that differ; its tasks are added to those that all have. */
export type ServerChanges = Partial<CreateServerOptions> & { readonly delayedKey?: string }

/** Enough for every held task of a cell. */
const CONCURRENCY = 16
/** Tasks that the Go worker of `goQueue` runs at once. */
export const GO_CONCURRENCY = 8

/** Where the server of a suite comes from that needs Go too. */
export async function sourceBesideGo(service: ServiceName): Promise<Source> {
  const go = await findGo()
  return go.kind === 'absent' ? go : findService(SERVICES[service])
}

/**
 * The cells of one meeting of both languages, as tests with one Go program for all of them; in the end, those that passed
 * are compared with the committed results of that name. Without Go, or one of the servers, it is one skipped test with the
 * reason as its name, and an error when `CI` is `true`.
 */
export async function testInterop(
  name: string,
  services: readonly ServiceName[],
  meeting: (...urls: readonly string[]) => Meeting,
  cells: readonly Cell[],
): Promise<void> {
  const sources = await Promise.all(services.map(sourceBesideGo))
  const running: ServiceInTests[] = []
  const describeFrom = (index: number): void => {
    const service = services[index]
    if (service === undefined) {
      testCells(
        name,
        interopOf(name, () => meeting(...running.map(({ url }) => url))),
        cells,
      )
      return
    }
    describeSource(service, sources[index] as Source, (found) => {
      running.push(found)
      describeFrom(index + 1)
    })
  }
  describeFrom(0)
}

/** The fixture of a suite, with the hooks that start and stop what it needs. */
function interopOf(name: string, meeting: () => Meeting): Interop {
  let program: GoProgram | undefined
  const goQueue = namespace(import.meta.filename, `${name} go`)
  const open: (() => Promise<void>)[] = []
  const held = gates()

  beforeAll(async () => {
    program = await startGoProgram(meeting().go)
    await program.work({ queue: goQueue, concurrency: GO_CONCURRENCY, delayedKey: `${goQueue}_delayed` })
  }, BUILD_WITHIN_MS)
  afterAll(() => program?.stop())
  afterEach(async () => {
    for (const close of open.splice(0).toReversed()) await close()
  })

  const interop: Interop = {
    get go() {
      if (program === undefined) throw new Error('Go runs only inside hooks and tests')
      return program
    },
    get goSettings() {
      return meeting().go
    },
    startGo: async (changes) => {
      const started = await startGoProgram({ ...meeting().go, ...changes })
      open.push(() => started.stop())
      return started
    },
    goQueue,
    goDelayedKey: `${goQueue}_delayed`,
    get tsQueue() {
      return currentNamespace()
    },
    get delayedKey() {
      return `${currentNamespace()}_delayed`
    },
    name: (suffix) => `${currentNamespace()}_${suffix}`,
    gates: held,
    openServer: async ({ delayedKey = interop.delayedKey, tasks = [], ...changes } = {}) => {
      const server = await createServer({
        ...meeting().typeScript(delayedKey),
        defaultQueue: interop.tsQueue,
        tasks: handlers(held),
        ...changes,
      })
      open.push(() => server.close())
      server.register(...tasks)
      return server
    },
    startWorker: async ({ queue = interop.tsQueue, ...changes } = {}) => {
      const server = await interop.openServer(changes)
      await server.startWorker({ queues: queue, concurrency: CONCURRENCY, noSignals: true })
      return server
    },
  }
  return interop
}
