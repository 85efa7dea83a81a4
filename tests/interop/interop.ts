import { afterAll, afterEach, beforeAll } from 'vitest'

import { createServer, type AnyTask, type CreateServerOptions, type Server } from '../../src/index.ts'
import { namespace } from '../support/namespace.ts'
import { describeSource } from '../support/services.ts'
import { SERVICES, type ServiceName } from '../support/service-definitions.ts'
import { findService, type Source } from '../support/service-process.ts'
import { BUILD_WITHIN_MS, findGo } from './go-build.ts'
import { startGoProgram, type GoProgram, type GoSettings } from './go-program.ts'
import { gates, handlers, type Gates } from './tasks.ts'

/** How TypeScript and Go reach the same store. */
export interface InteropUrls {
  /** For both languages, without options. */
  readonly brokerUrl: string
  readonly backendUrl: string
  readonly lockUrl?: string
  /** Options of TypeScript's URLs, after a question mark; the delayed tasks are under `delayedKey` for both languages. */
  readonly urlOptions: (delayedKey: string) => string
}

/** What a cell of the matrix works with. */
export interface Interop extends InteropUrls {
  readonly go: GoProgram
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
  openServer(options?: Partial<CreateServerOptions> & { readonly delayedKey?: string }): Promise<Server>
  /** The same with a worker on a queue, by default `tsQueue`. */
  startWorker(options?: {
    readonly queue?: string
    readonly tasks?: readonly AnyTask[]
    readonly delayedKey?: string
  }): Promise<Server>
}

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
 * A suite that needs Go and a real server, with one Go program for all of its tests. Without Go, or the server, it is one skipped
 * test with the reason as its name, and an error when `CI` is `true`.
 */
export async function describeInterop(
  service: ServiceName,
  urls: (serviceUrl: string) => InteropUrls,
  body: (interop: Interop) => void,
  changes: Pick<GoSettings, 'client'> = {},
): Promise<void> {
  describeSource(service, await sourceBesideGo(service), (running) => {
    let program: GoProgram | undefined
    const goQueue = namespace(import.meta.filename, `${service} ${changes.client ?? ''} go`)
    const open: Server[] = []

    beforeAll(async () => {
      const { brokerUrl, backendUrl, lockUrl } = urls(running.url)
      program = await startGoProgram({
        broker: brokerUrl,
        backend: backendUrl,
        ...(lockUrl === undefined ? {} : { lock: lockUrl }),
        ...changes,
      })
      await program.work({
        queue: goQueue,
        concurrency: GO_CONCURRENCY,
        delayedKey: `${goQueue}_delayed`,
      })
    }, BUILD_WITHIN_MS)
    afterAll(() => program?.stop())
    afterEach(async () => {
      for (const server of open.splice(0).toReversed()) await server.close()
    })

    const held = gates()
    const interop: Interop = {
      get brokerUrl() {
        return urls(running.url).brokerUrl
      },
      get backendUrl() {
        return urls(running.url).backendUrl
      },
      urlOptions: (key) => urls(running.url).urlOptions(key),
      get go() {
        if (program === undefined) throw new Error('Go runs only inside hooks and tests')
        return program
      },
      goQueue,
      goDelayedKey: `${goQueue}_delayed`,
      get tsQueue() {
        return running.namespace()
      },
      get delayedKey() {
        return `${running.namespace()}_delayed`
      },
      name: (suffix) => `${running.namespace()}_${suffix}`,
      gates: held,
      openServer: async ({ delayedKey = interop.delayedKey, ...options } = {}) => {
        const suffix = interop.urlOptions(delayedKey)
        const server = await createServer({
          broker: interop.brokerUrl + suffix,
          resultBackend: interop.backendUrl + suffix,
          defaultQueue: interop.tsQueue,
          tasks: handlers(held),
          ...options,
        })
        open.push(server)
        return server
      },
      startWorker: async ({ queue = interop.tsQueue, delayedKey, tasks = [] } = {}) => {
        const server = await interop.openServer(delayedKey === undefined ? {} : { delayedKey })
        server.register(...tasks)
        await server.startWorker({ queues: queue, concurrency: CONCURRENCY, noSignals: true })
        return server
      },
    }
    body(interop)
  })
}
