import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { leakWatch } from '../../support/leak-watch.ts'

const leaks = leakWatch()

/** Each opens something and answers what closes it. */
const OPENERS: Readonly<Record<string, () => Promise<() => unknown>>> = {
  'timer set': async () => {
    const timer = systemClock.setTimer(() => {}, 60_000)
    return () => timer.cancel()
  },
  'fake clock': async () => {
    const timer = fakeClock().setTimer(() => {}, 10)
    return () => timer.cancel()
  },
  FSEVENTWRAP: async () => {
    const watcher = watch(tmpdir())
    watcher.unref()
    return () => watcher.close()
  },
  TCPSERVERWRAP: async () => {
    const server = createServer().listen(0)
    await once(server, 'listening')
    return () => server.close()
  },
  WORKER: async () => {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
    worker.unref()
    return () => worker.terminate()
  },
  PROCESSWRAP: async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    return () => child.kill('SIGKILL')
  },
}

describe('leak watch', () => {
  for (const [kind, open] of Object.entries(OPENERS)) {
    it(`notices an open ${kind}, and that it was closed`, async () => {
      leaks.begin()
      const close = await open()
      expect((await leaks.leaks(40)).join('\n')).toContain(kind)
      await close()
      expect(await leaks.leaks()).toEqual([])
    })
  }

  it('does not mind a timer that fired', async () => {
    leaks.begin()
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 1))
    expect(await leaks.leaks()).toEqual([])
  })

  it('does not mind what was open before', async () => {
    const close = await OPENERS['TCPSERVERWRAP']?.()
    leaks.begin()
    expect(await leaks.leaks()).toEqual([])
    await close?.()
  })
})
