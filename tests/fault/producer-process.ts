import { sleep, systemClock } from '../../src/core/clock.ts'
import { createServer } from '../../src/index.ts'
import { work } from './fault-work.ts'
import { endWithHarness, leaveHarness, processSettings, type ProcessSettings } from './process-settings.ts'
import { openLogWriter } from './run-log.ts'
import { whenReachable } from './when-reachable.ts'

/** What this producer is started with. */
export interface ProducerSettings extends ProcessSettings {
  readonly tasks: number
  /** Tasks per second; 0: as fast as it goes. */
  readonly rate: number
}

const IN_FLIGHT = 100

const settings = processSettings() as ProducerSettings
const log = openLogWriter(settings.log)
endWithHarness()
const server = await whenReachable(() => createServer({ ...settings.urls, defaultQueue: settings.queue }))

const startedAt = systemClock.monotonic()
let next = 0

async function sendAll(): Promise<void> {
  while (next < settings.tasks) {
    const number = next++
    if (settings.rate > 0)
      await sleep(systemClock, startedAt + (number / settings.rate) * 1_000 - systemClock.monotonic())
    const signature = work(number)
    log.write({ kind: 'attempted', uuid: signature.uuid })
    await whenReachable(() => server.send(signature))
    log.write({ kind: 'acknowledged', uuid: signature.uuid })
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, sendAll))
await server.close()
log.close()
leaveHarness()
