import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeService } from '../support/services.ts'
import { currentNamespace } from '../support/namespace.ts'
import { ENTRY, runCli, startCli, type CliEnd, type CliProcess } from './cli-process.ts'

/** The whole life of tasks, from the command line alone. */
function commands(urlIn: (folder: string) => string): void {
  let folder = ''
  let url = ''
  const open: CliProcess[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-cli-'))
    url = urlIn(folder)
  })

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.kill()))
    rmSync(folder, { recursive: true, force: true })
  })

  const run = (...args: readonly string[]): Promise<CliEnd> => runCli(args, { url })
  const startWorker = async (queue: string, ...args: readonly string[]): Promise<CliProcess> => {
    const worker = startCli(['worker', ENTRY, '-Q', queue, '-c', '4', ...args], { url })
    open.push(worker)
    await worker.says('worker started')
    return worker
  }

  it('sends, runs, waits, cancels, and reaches the worker', async () => {
    const queue = currentNamespace()
    const name = `${queue}_worker`
    const worker = await startWorker(queue, '--name', name)
    const send = (...args: readonly string[]): Promise<CliEnd> => run('send', '--queue', queue, ...args)

    const [sum, failed, hanging, later] = await Promise.all([
      send('add', '1', 'int32:2', '[3]', '--wait').then(() => send('add', '1', '2.5', '--wait')),
      send('refuse', 'no luck', '--wait'),
      send('hang', '-q'),
      send('add', '1', '2', '--in', '1h', '-q'),
    ])
    expect(sum).toMatchObject({
      code: 0,
      json: [{ state: 'SUCCESS', results: [{ type: 'float64', value: 3.5 }] }],
    })
    expect(failed).toMatchObject({ code: 1, json: [{ state: 'FAILURE', error: 'no luck' }] })
    const hangingUuid = hanging.stdout.trim()
    const laterUuid = later.stdout.trim()

    const failedUuid = String(failed.json[0]?.['uuid'])
    const [state, result, listed, shown, delayed, tasks, ping] = await Promise.all([
      run('state', laterUuid),
      run('result', failedUuid),
      run('worker', 'ls'),
      run('worker', 'show', name),
      run('queue', 'delayed', queue),
      run('task', 'ls'),
      run('worker', 'ping', name, '--timeout', '30s'),
    ])
    expect(state).toMatchObject({ code: 0, json: [{ uuid: laterUuid, state: 'PENDING', task: 'add' }] })
    expect(result.code).toBe(1)
    expect(listed.json).toContainEqual(
      expect.objectContaining({ name, concurrency: 4, queues: { [queue]: 1 } }),
    )
    expect(shown.json).toMatchObject([{ name }])
    expect(delayed.json).toMatchObject([
      { uuid: laterUuid, task: 'add', queue, args: [{ value: 1 }, { value: 2 }] },
    ])
    expect(tasks.json).toContainEqual(expect.objectContaining({ task: 'add' }))
    expect(ping).toMatchObject({ code: 0, json: [{ name }] })

    const watching = startCli(['watch', hangingUuid], { url })
    open.push(watching)
    await watching.says('STARTED')
    expect(await run('cancel', hangingUuid, '--reason', 'enough')).toMatchObject({
      code: 0,
      json: [{ isCancelled: true }],
    })
    expect(await watching.ended).toMatchObject({ code: 1 })
    expect(watching.output()).toContain('cancelled: enough')
    expect((await run('cancel', hangingUuid)).code).toBe(1)

    expect((await run('worker', 'scale', name, '9')).code).toBe(0)
    expect((await run('worker', 'quiet', name)).code).toBe(0)
    expect((await run('worker', 'resume', name)).code).toBe(0)
    expect((await run('worker', 'stop', name)).code).toBe(0)
    expect((await worker.ended).code).toBe(0)
    expect(await run('worker', 'ping', name)).toMatchObject({
      code: 1,
      stderr: `no worker ${name} is registered\n`,
    })
  })

  it('sends in bulk, tells refused lines, pauses, drains once and purges', async () => {
    const queue = currentNamespace()
    const lines = [
      `{"task":"add","args":[1,2],"queue":"${queue}"}`,
      'no json',
      '',
      '{"task":"add","bogus":1}',
      `{"task":"refuse","args":[{"type":"string","value":"x"}],"queue":"${queue}"}`,
    ]
    const bulk = await runCli(['send', '-'], { url, input: lines.join('\n') })
    expect(bulk.code).toBe(1)
    expect(bulk.json.map(({ line }) => Number(line)).toSorted((a, b) => a - b)).toEqual([1, 5])
    expect(bulk.stderr).toMatch(/line 2: ERR_OPTION_INVALID: it is no JSON/)
    expect(bulk.stderr).toMatch(/line 4: ERR_OPTION_INVALID: a line has the unknown option "bogus"/)
    expect(bulk.stderr).toContain('2 sent, 2 refused')

    expect((await run('queue', 'pending', queue)).json).toHaveLength(2)
    expect((await run('queue', 'pause', queue)).code).toBe(0)
    expect((await run('queue', 'show', queue)).json).toMatchObject([{ queue, pending: 2, isPaused: true }])
    expect((await run('queue', 'resume', queue)).code).toBe(0)
    const names = (await run('queue', 'ls', '--limit', '1000')).json.map((row) => row['queue'])
    expect(names).toContain(queue)

    const once = await run('worker', ENTRY, '-Q', queue, '--once')
    expect(once.code).toBe(0)
    expect((await run('queue', 'show', queue)).json).toMatchObject([{ pending: 0, inFlight: 0 }])

    await run('send', 'add', '1', '--queue', queue)
    expect(await run('queue', 'purge', queue)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`remove 1 messages from the queue ${queue}; --yes does it`) as string,
    })
    expect((await run('queue', 'purge', queue, '--yes')).json).toMatchObject([{ queue, removed: 1 }])
  })

  it('shows, redrives and purges dead letters', async () => {
    const queue = currentNamespace()
    const dead = (...args: readonly string[]): Promise<CliEnd> => run('dead', ...args, '--queue', queue)
    // A worker that gives failures up for good: what only code or a file says.
    writeFileSync(
      join(folder, 'machinery.config.mjs'),
      `export default ${JSON.stringify({ broker: url, resultBackend: url, deadLetterFailures: true })}\n`,
    )
    const drain = (): Promise<CliEnd> => runCli(['worker', ENTRY, '-Q', queue, '--once'], { cwd: folder })
    await run('send', 'refuse', 'never', '--queue', queue)
    expect((await drain()).code).toBe(0)
    const [letter] = (await dead('ls')).json
    expect(letter).toMatchObject({ task: 'refuse' })
    expect((await dead('show', String(letter?.['uuid']))).json).toMatchObject([
      { queue, message: { task: 'refuse', args: [{ type: 'string', value: 'never' }] } },
    ])
    expect((await dead('show', 'nobody')).code).toBe(1)
    expect((await dead('redrive', String(letter?.['id']))).json).toMatchObject([{ redriven: 1 }])
    await drain()
    expect((await dead('redrive')).code).toBe(2)
    expect((await dead('redrive', '--yes')).json).toMatchObject([{ redriven: 1 }])
    await drain()
    expect((await dead('purge')).code).toBe(2)
    expect((await dead('purge', '--yes')).json).toMatchObject([{ removed: 1 }])
  })

  it('runs, shows, pauses and removes schedules', async () => {
    const ran = await run('schedule', 'run', 'yearly', ENTRY)
    expect(ran).toMatchObject({ code: 0, json: [{ name: 'yearly' }] })
    const [listed, shown, missing] = await Promise.all([
      run('schedule', 'ls'),
      run('schedule', 'show', 'yearly', '--count', '2'),
      run('schedule', 'show', 'none'),
    ])
    expect(listed.json).toContainEqual(expect.objectContaining({ name: 'yearly', isPaused: false }))
    expect(shown.json[0]?.['nextRuns']).toHaveLength(2)
    expect(missing.code).toBe(1)
    expect((await run('schedule', 'pause', 'yearly')).code).toBe(0)
    expect((await run('schedule', 'resume', 'yearly')).code).toBe(0)
    expect((await run('schedule', 'remove', 'yearly', '--yes')).code).toBe(0)
    expect((await run('schedule', 'remove', 'yearly', '--yes')).code).toBe(1)
    await run('queue', 'purge', '--yes')
  })

  it('pauses tasks, examines the store and measures it', async () => {
    const name = currentNamespace()
    expect((await run('task', 'pause', name)).code).toBe(0)
    expect((await run('task', 'ls')).json).toContainEqual({
      task: name,
      workers: 0,
      running: 0,
      isPaused: true,
    })
    expect((await run('task', 'resume', name)).code).toBe(0)
    const doctor = await run('doctor', '--repair')
    expect(doctor.code).toBe(0)
    expect(doctor.json.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['connection', 'version', 'orphaned-leases', 'clock', 'workers']),
    )
    const bench = await run('bench', '--tasks', '200')
    expect(bench).toMatchObject({ code: 0, json: [{ tasks: 200 }] })
    expect(bench.json[0]?.['runPerSecond']).toBeGreaterThan(0)
    expect((await run('queue', 'show', 'machinery_bench')).json).toMatchObject([
      { pending: 0, inFlight: 0, dead: 0 },
    ])
  })
}

describe('the command line on sqlite', () => {
  commands((folder) => `sqlite:${join(folder, 'jobs.db')}`)
})

await describeService('redis', (service) => {
  describe('the command line on redis', () => {
    commands(() => service.url)
  })
})
