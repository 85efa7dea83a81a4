import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], timeoutMs: number, serial = false) => ({
  test: {
    name,
    include,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    setupFiles: ['tests/support/leak-check.ts'],
    sequence: { shuffle: { files: false, tests: !serial } },
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', ['tests/unit/**/*.test.ts', 'tests/architecture.test.ts'], 10_000),
      project('property', ['tests/property/**/*.test.ts'], 60_000),
      project('conformance', ['tests/conformance/**/*.test.ts'], 60_000),
      project('fault', ['tests/fault/**/*.test.ts'], 120_000),
      project('e2e', ['tests/e2e/**/*.test.ts'], 120_000),
      project('package', ['tests/package/**/*.test.ts'], 120_000),
    ],
  },
})
