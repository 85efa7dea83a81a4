import { defineConfig } from 'vitest/config'

interface Project {
  readonly include: readonly string[]
  readonly timeoutMs: number
  /** Projects of one round run side by side; the next round begins when they have ended. */
  readonly round: number
}

const ROUND_OF_PROCESSES = 1

/** Tests that start several processes of their own run after the others, one file at a time: they want the machine. */
const PROJECTS: Readonly<Record<string, Project>> = {
  unit: { include: ['tests/unit/**/*.test.ts', 'tests/architecture.test.ts'], timeoutMs: 10_000, round: 0 },
  property: { include: ['tests/property/**/*.test.ts'], timeoutMs: 60_000, round: 0 },
  simulation: { include: ['tests/simulation/**/*.test.ts'], timeoutMs: 120_000, round: 0 },
  conformance: { include: ['tests/conformance/**/*.test.ts'], timeoutMs: 60_000, round: 0 },
  services: { include: ['tests/services/**/*.test.ts'], timeoutMs: 120_000, round: 0 },
  'redis-all': { include: ['tests/redis-all/**/*.test.ts'], timeoutMs: 120_000, round: ROUND_OF_PROCESSES },
  package: { include: ['tests/package/**/*.test.ts'], timeoutMs: 120_000, round: 0 },
  e2e: { include: ['tests/e2e/**/*.test.ts'], timeoutMs: 120_000, round: ROUND_OF_PROCESSES },
  interop: { include: ['tests/interop/**/*.test.ts'], timeoutMs: 60_000, round: ROUND_OF_PROCESSES },
  fault: { include: ['tests/fault/**/*.test.ts'], timeoutMs: 120_000, round: ROUND_OF_PROCESSES },
}

export default defineConfig({
  test: {
    coverage: {
      include: ['src/core/**', 'src/worker/**'],
      thresholds: { lines: 95 },
    },
    projects: Object.entries(PROJECTS).map(([name, { include, timeoutMs, round }]) => ({
      test: {
        name,
        include: [...include],
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        setupFiles: ['tests/support/leak-check.ts'],
        sequence: { groupOrder: round, shuffle: { files: false, tests: true } },
        ...(round === ROUND_OF_PROCESSES ? { maxWorkers: 1 } : {}),
      },
    })),
  },
})
