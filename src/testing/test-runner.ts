/**
 * What a conformance suite needs of a test runner: the functions of vitest, node:test, jest or mocha fit as they are.
 */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown
  readonly it: (name: string, run: () => Promise<void>) => unknown
}
