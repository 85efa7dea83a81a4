import type { TestRunner } from '../../src/testing/index.ts'

/** What a suite said about the thing it was run on. */
export interface SuiteResult {
  readonly passed: readonly string[]
  readonly failed: readonly string[]
}

/** Runs a conformance suite by itself, so that a test can ask whether it notices a defect. */
export async function runSuite(define: (runner: TestRunner) => void): Promise<SuiteResult> {
  const cases: { readonly name: string; readonly run: () => Promise<void> }[] = []
  const path: string[] = []
  define({
    describe(name, defineInner) {
      path.push(name)
      defineInner()
      path.pop()
    },
    it: (name, run) => void cases.push({ name: [...path, name].join(' > '), run }),
  })
  const [passed, failed]: [string[], string[]] = [[], []]
  for (const { name, run } of cases) {
    const ok = await run().then(
      () => true,
      () => false,
    )
    ;(ok ? passed : failed).push(name)
  }
  return { passed, failed }
}
