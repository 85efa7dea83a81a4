import { createHash } from 'node:crypto'

import { expect } from 'vitest'

/**
 * A name for everything that one test keeps in a shared store: `t_` and 12 hex digits of the hash of file and test name.
 * The same test has the same name in every run, so that what a broken run left behind can be found, and removed.
 */
export function namespace(file: string, testName: string): string {
  return `t_${createHash('sha256').update(`${file}\0${testName}`).digest('hex').slice(0, 12)}`
}

/** The namespace of the test that runs. */
export function currentNamespace(): string {
  const { testPath, currentTestName } = expect.getState()
  if (currentTestName === undefined) throw new Error('currentNamespace() was called outside of a test')
  return namespace(testPath ?? '', currentTestName)
}
