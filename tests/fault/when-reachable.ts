import { sleep, systemClock } from '../../src/core/clock.ts'
import { isMachineryError } from '../../src/core/errors.ts'
import { tell } from './process-settings.ts'

const PAUSE_MS = 50
/** What a caller may meet while a store cannot be reached or is busy, and answers by trying again. */
const TRY_AGAIN = [
  'ERR_CONNECTION_LOST',
  'ERR_CONNECT_FAILED',
  'ERR_PUBLISH_REFUSED',
  'ERR_PUBLISH_UNCERTAIN',
  'ERR_STORE_BUSY',
] as const

/** Does `work` until it succeeds, as an application or whoever starts its processes would. @throws any other error at once */
export async function whenReachable<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!TRY_AGAIN.some((code) => isMachineryError(error, code))) throw error
      tell({ kind: 'trouble', text: String(error) })
      await sleep(systemClock, PAUSE_MS)
    }
  }
}
