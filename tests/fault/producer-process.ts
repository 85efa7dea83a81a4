import { sleep, systemClock } from '../../src/core/clock.ts'
import { createServer } from '../../src/index.ts'
import { work } from './fault-work.ts'
import {
  endWithHarness,
  leaveHarness,
  processSettings,
  tell,
  type ProcessSettings,
} from './process-settings.ts'
import { openLogWriter } from './run-log.ts'

/** What this producer is started with. */
export interface ProducerSettings extends ProcessSettings {
  readonly tasks: number
}

const IN_FLIGHT = 100
const RETRY_PAUSE_MS = 50

const settings = processSettings() as ProducerSettings
const log = openLogWriter(settings.log)
const server = await createServer({ ...settings.urls, defaultQueue: settings.queue })
endWithHarness()

let next = 0

async function sendAll(): Promise<void> {
  while (next < settings.tasks) {
    const signature = work(next++)
    log.write({ kind: 'attempted', uuid: signature.uuid })
    for (;;) {
      try {
        await server.send(signature)
        break
      } catch (error) {
        tell({ kind: 'trouble', text: `producer: ${String(error)}` })
        await sleep(systemClock, RETRY_PAUSE_MS)
      }
    }
    log.write({ kind: 'acknowledged', uuid: signature.uuid })
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, sendAll))
await server.close()
log.close()
leaveHarness()
