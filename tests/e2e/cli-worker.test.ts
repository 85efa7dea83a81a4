import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServer, signature, type Server } from '../../src/index.ts'
import { httpGet } from '../support/http-get.ts'
import { startCli, ENTRY, type CliProcess } from './cli-process.ts'

const INDEX = join(import.meta.dirname, '../../src/index.ts')

let folder = ''
let url = ''
let server: Server
const open: CliProcess[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'machinery-worker-'))
  url = `sqlite:${join(folder, 'jobs.db')}`
  server = await createServer({ broker: url, resultBackend: url })
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.kill()))
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

function start(args: readonly string[], cwd?: string): CliProcess {
  const one = startCli(args, cwd === undefined ? { url } : { cwd })
  open.push(one)
  return one
}

describe('machinery worker', () => {
  it('serves metrics and probes, and gives back what runs at a second signal', async () => {
    const worker = start(['worker', ENTRY, '--metrics-port', '0', '--grace', '10m'])
    await worker.says('worker started')
    const endpoint = /http:\/\/127\.0\.0\.1:\d+/.exec(worker.output())?.[0] ?? ''
    expect((await httpGet(`${endpoint}/live`)).status).toBe(200)
    expect((await httpGet(`${endpoint}/ready`)).status).toBe(200)
    const sent = await server.send(signature('hang'))
    for await (const { state } of sent.watch({ timeoutMs: 30_000 })) if (state === 'STARTED') break
    worker.signal('SIGTERM')
    await worker.says('Waiting for running tasks')
    worker.signal('SIGTERM')
    expect((await worker.ended).code).toBe(0)
    expect(await server.queueStats()).toMatchObject({ inFlight: 0 })
  })

  it('reads its configuration again at SIGHUP', async () => {
    const file = join(folder, 'machinery.config.mjs')
    const write = (concurrency: number): void =>
      writeFileSync(
        file,
        `export default ${JSON.stringify({ broker: url, resultBackend: url, concurrency })}\n`,
      )
    write(3)
    const worker = start(['worker', ENTRY], folder)
    await worker.says('"concurrency":3')
    write(7)
    worker.signal('SIGHUP')
    await worker.says('Successfully loaded config')
    expect((await server.workers.list())[0]?.concurrency).toBeGreaterThan(0)
    worker.signal('SIGTERM')
    expect((await worker.ended).code).toBe(0)
    expect(worker.output()).toContain('"to":"7"')
  })

  it('is not ended by a SIGHUP while it starts', async () => {
    const module = join(folder, 'tasks.ts')
    const setup = "export const setup = () => process.kill(process.pid, 'SIGHUP')"
    writeFileSync(
      module,
      `import { task } from '${INDEX}'\nexport const noop = task('noop', () => {})\n${setup}\n`,
    )
    const worker = start(['worker', module])
    const first = await Promise.race([worker.ended, worker.says('worker started').then(() => 'started')])
    expect(first).toBe('started')
    worker.signal('SIGTERM')
    expect((await worker.ended).code).toBe(0)
  })

  it('starts anew when a file changes, and ends when it is told to', async () => {
    const write = (answer: string): void => {
      writeFileSync(join(folder, 'answer.ts'), `export const answer = '${answer}'\n`)
    }
    write('first')
    writeFileSync(
      join(folder, 'tasks.ts'),
      `import { task } from '${INDEX}'\nimport { answer } from './answer.ts'\nexport const tell = task('tell', () => answer)\n`,
    )
    const tell = async (): Promise<unknown> =>
      (await server.send(signature('tell'))).get({ timeoutMs: 30_000 })
    const worker = start(['worker', join(folder, 'tasks.ts'), '--watch'])
    await worker.says('worker started')
    expect(await tell()).toBe('first')
    write('second')
    await worker.says(/worker closed[^]*worker started/)
    expect(await tell()).toBe('second')
    worker.signal('SIGINT')
    expect((await worker.ended).code).toBe(0)
    expect(await server.workers.list()).toEqual([])
  })
})

describe('a command that is interrupted', () => {
  it('exits with 130', async () => {
    const sent = await server.send(signature('nobody-runs-this'))
    const waiting = start(['watch', sent.uuid])
    await waiting.says('PENDING')
    waiting.signal('SIGINT')
    expect((await waiting.ended).code).toBe(130)
  })
})
