import { defineConfig } from 'vitest/config'

interface Project {
  readonly include: readonly string[]
  readonly timeoutMs: number
}

/** Most files wait for servers or other processes most of the time: two at a time keep two cores busy. */
const FILES_AT_ONCE = 2

const PROJECTS: Readonly<Record<string, Project>> = {
  unit: { include: ['tests/unit/**/*.test.ts', 'tests/architecture.test.ts'], timeoutMs: 10_000 },
  property: { include: ['tests/property/**/*.test.ts'], timeoutMs: 60_000 },
  simulation: { include: ['tests/simulation/**/*.test.ts'], timeoutMs: 120_000 },
  conformance: { include: ['tests/conformance/**/*.test.ts'], timeoutMs: 60_000 },
  services: { include: ['tests/services/**/*.test.ts'], timeoutMs: 120_000 },
  'redis-all': { include: ['tests/redis-all/**/*.test.ts'], timeoutMs: 120_000 },
  package: { include: ['tests/package/**/*.test.ts'], timeoutMs: 120_000 },
  e2e: { include: ['tests/e2e/**/*.test.ts'], timeoutMs: 120_000 },
  interop: { include: ['tests/interop/**/*.test.ts'], timeoutMs: 60_000 },
  fault: { include: ['tests/fault/**/*.test.ts'], timeoutMs: 120_000 },
}

export default defineConfig({
  test: {
    coverage: {
      include: ['src/core/**', 'src/worker/**'],
      thresholds: { lines: 95 },
    },
    maxWorkers: FILES_AT_ONCE,
    projects: Object.entries(PROJECTS).map(([name, { include, timeoutMs }]) => ({
      test: {
        name,
        include: [...include],
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        setupFiles: ['tests/support/leak-check.ts'],
        sequence: { shuffle: { files: false, tests: true } },
      },
    })),
  },
})
