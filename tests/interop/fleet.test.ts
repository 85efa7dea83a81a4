import { expect, it } from 'vitest'

import { describeSource } from '../support/services.ts'
import { runFleet } from './fleet-run.ts'
import { BUILD_WITHIN_MS } from './go-build.ts'
import { sourceBesideGo } from './interop.ts'

const TASKS = 2_000
const KILLS = 6

describeSource('redis', await sourceBesideGo('redis'), (redis) => {
  it(
    'a fleet of Go and TypeScript workers loses nothing when those in TypeScript are killed',
    async () => {
      const options = { tasks: TASKS, kills: KILLS, workers: 3, seed: 1, timeoutMs: 90_000 }
      const report = await runFleet(options, redis.url)
      expect(report).toMatchObject({
        acknowledged: TASKS,
        kills: KILLS,
        lost: [],
        failed: [],
        neverRun: [],
        wrongResults: [],
        faults: [],
      })
      expect(report.results.Go).toBeGreaterThan(0)
      expect(report.results.TypeScript).toBeGreaterThan(0)
    },
    BUILD_WITHIN_MS,
  )
})
