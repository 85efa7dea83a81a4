import { afterAll, beforeAll, describe, it } from 'vitest'

import { currentNamespace } from './namespace.ts'
import { SERVICES, type ServiceName } from './service-definitions.ts'
import { findService, startService, STOP_WITHIN_MS, type Service, type Source } from './service-process.ts'

/** What a suite gets: usable inside its hooks and tests. */
export interface ServiceInTests {
  readonly url: string
  /** Undefined for a server that was there before. */
  readonly managementUrl: string | undefined
  /** A name of this test's own, for queues and keys. */
  namespace(): string
}

/**
 * A suite that needs a real server: starts one for this file, or uses the one whose URL the environment gives. Where
 * there is none, the suite is one skipped test with the reason as its name, and an error when `CI` is `true`.
 */
export async function describeService(
  name: ServiceName,
  body: (service: ServiceInTests) => void,
): Promise<void> {
  describeSource(name, await findService(SERVICES[name]), body)
}

/** The suite of `describeService` for what was found. */
export function describeSource(
  name: ServiceName,
  source: Source,
  body: (service: ServiceInTests) => void,
): void {
  describeWhereFound(name, source, (found) => {
    let service: Service | undefined
    beforeAll(async () => {
      service = await startService(SERVICES[name], found)
    }, SERVICES[name].startWithinMs)
    afterAll(() => service?.stop(), STOP_WITHIN_MS)
    const running = (): Service => {
      if (service === undefined) throw new Error(`${name} runs only inside hooks and tests`)
      return service
    }
    body({
      get url() {
        return running().url
      },
      get managementUrl() {
        return running().managementUrl
      },
      namespace: currentNamespace,
    })
  })
}

/** A suite that starts what it needs by itself: like `describeService` where there is none. */
export function describeWhereFound(name: string, source: Source, body: (found: Source) => void): void {
  if (source.kind === 'absent') {
    if (process.env['CI'] === 'true') throw new Error(`${name} is needed when CI=true, and ${source.reason}`)
    describe.skip(name, () => it(`not tested: ${source.reason}`))
    return
  }
  describe(name, () => body(source))
}
