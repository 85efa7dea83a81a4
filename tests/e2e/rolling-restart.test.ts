import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServer, signature } from '../../src/index.ts'
import { currentNamespace } from '../support/namespace.ts'
import { describeService } from '../support/services.ts'
import { startCli, type CliProcess } from './cli-process.ts'

/** 50 with MACHINERY_TEST_RESTARTS=50; fewer show the same on each change. */
const RESTARTS = Number(process.env['MACHINERY_TEST_RESTARTS'] ?? 10)
const GRACE_MS = 10_000
const WORKERS = 2
const INDEX = join(import.meta.dirname, '../../src/index.ts')

/** Takes 20 ms, and writes a line when it begins and when it ends. */
const TASKS = (log: string): string => `
import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { currentTask, task } from '${INDEX}'
export const nap = task('nap', async () => {
  const { uuid } = currentTask()
  appendFileSync('${log}', 'began ' + uuid + '\\n')
  await setTimeout(20)
  appendFileSync('${log}', 'ended ' + uuid + '\\n')
})
`

function rollingRestart(urlIn: (folder: string) => string): void {
  let folder = ''
  const open: CliProcess[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-rolling-'))
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.kill()))
    rmSync(folder, { recursive: true, force: true })
  })

  it(
    `loses nothing and runs nothing twice in ${RESTARTS} restarts under load`,
    { timeout: 60_000 + RESTARTS * 20_000 },
    async () => {
      const [url, queue, log] = [urlIn(folder), currentNamespace(), join(folder, 'runs.log')]
      appendFileSync(log, '')
      writeFileSync(join(folder, 'tasks.ts'), TASKS(log))
      const args = ['worker', join(folder, 'tasks.ts'), '-Q', queue, '-c', '4', '--grace', `${GRACE_MS}ms`]
      const startWorker = async (): Promise<CliProcess> => {
        const worker = startCli(args, { url })
        open.push(worker)
        await worker.says('worker started')
        return worker
      }
      await using server = await createServer({ broker: url, resultBackend: url })
      const uuids: string[] = []
      const load = async (count: number): Promise<void> => {
        const batch = Array.from({ length: count }, () => signature('nap', [], { routingKey: queue }))
        uuids.push(...(await server.sendMany(batch)).map(({ uuid }) => uuid))
      }
      const running = await Promise.all(Array.from({ length: WORKERS }, startWorker))
      await load(200)
      for (let restart = 0; restart < RESTARTS; restart++) {
        const old = running.shift() as CliProcess
        const signalledAt = performance.now()
        old.signal('SIGTERM')
        running.push(await startWorker())
        await load(40)
        expect((await old.ended).code).toBe(0)
        expect(performance.now() - signalledAt).toBeLessThan(GRACE_MS + 3_000)
      }
      await Promise.all(uuids.map((uuid) => server.result(uuid).get({ timeoutMs: 120_000 })))
      for (const worker of running) worker.signal('SIGTERM')
      for (const worker of running) expect((await worker.ended).code).toBe(0)
      const lines = readFileSync(log, 'utf8').trim().split('\n')
      const began = lines.filter((line) => line.startsWith('began')).map((line) => line.slice(6))
      const ended = lines.filter((line) => line.startsWith('ended')).map((line) => line.slice(6))
      expect(began.toSorted()).toEqual(uuids.toSorted())
      expect(ended.toSorted()).toEqual(uuids.toSorted())
      expect(await server.queueStats(queue)).toMatchObject({ pending: 0, delayed: 0, inFlight: 0, dead: 0 })
    },
  )
}

describe('rolling restarts over sqlite', () => {
  rollingRestart((folder) => `sqlite:${join(folder, 'jobs.db')}`)
})

await describeService('redis', (service) => {
  describe('rolling restarts over redis', () => {
    rollingRestart(() => service.url)
  })
})
