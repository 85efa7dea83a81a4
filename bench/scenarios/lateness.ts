import { setTimeout as sleep } from 'node:timers/promises'

import { createServer, type Server } from '../../src/index.ts'
import { noop } from '../noop-task.ts'
import { timed, type Scenario } from '../scenario.ts'

const DUE_PER_SECOND = 1_000
const PER_STEP = 10
const DELAY_MS = 500
const LONGEST_WAIT_MS = 30_000

/** Sends `count` delayed tasks at an even pace. Answers when each of them is due, by number. */
async function sendAtPace(server: Server, count: number, dueAt: number[]): Promise<void> {
  const startedAt = performance.now()
  const sends: Promise<unknown>[] = []
  for (let sent = 0; sent < count; sent += PER_STEP) {
    const waitMs = startedAt + (sent / DUE_PER_SECOND) * 1_000 - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    for (let number = sent; number < Math.min(sent + PER_STEP, count); number += 1) {
      dueAt[number] = performance.now() + DELAY_MS
      sends.push(server.send(noop(number, 1).with({ delayMs: DELAY_MS })))
    }
  }
  await Promise.all(sends)
}

/** How much later than asked for a delayed task begins, while a thousand become due each second. */
export const latenessScenario: Scenario = {
  name: `lateness, ${DUE_PER_SECOND} due per second`,
  requiredP99Ms: { redis: 50 },
  isFor: () => true,
  async run(store, { delayed: count }) {
    await using opened = await store.open()
    const dueAt: number[] = []
    const latenessMs: number[] = []
    let allRan: () => void = () => {}
    const ran = new Promise<void>((resolve) => (allRan = resolve))
    const counted = noop.implement((number, other) => {
      latenessMs.push(performance.now() - (dueAt[number] ?? Number.NaN))
      if (latenessMs.length === count) allRan()
      return number + other
    })
    await using server = await createServer({
      broker: opened.url,
      resultBackend: opened.url,
      tasks: [counted],
    })
    await server.startWorker({ noSignals: true })
    return await timed(count, async () => {
      const gaveUp = new AbortController()
      const late = sleep(LONGEST_WAIT_MS, undefined, { signal: gaveUp.signal }).then(
        () => Promise.reject(new Error(`${latenessMs.length} of ${count} delayed tasks ran`)),
        () => {},
      )
      await sendAtPace(server, count, dueAt)
      await Promise.race([ran, late])
      gaveUp.abort()
      return latenessMs
    })
  },
}
