import { afterEach, beforeEach } from 'vitest'
import { leakWatch } from './leak-watch.ts'

// Set-up file of every project: a test that leaves a timer, socket, watcher, child process or thread open fails.
const watch = leakWatch()

beforeEach(() => watch.begin())

afterEach(async () => {
  const leaks = await watch.leaks()
  if (leaks.length > 0) throw new Error(`the test left open:\n${leaks.join('\n')}`)
})
