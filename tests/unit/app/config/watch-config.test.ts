import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { applyChanges } from '../../../../src/app/config/apply-changes.ts'
import { serverOptions, workerOptions } from '../../../../src/app/config/config-options.ts'
import { watchConfig, type ConfigChange, type ConfigWatch } from '../../../../src/app/config/watch-config.ts'
import { createServer } from '../../../../src/app/create-server.ts'
import type { Logger } from '../../../../src/core/logger.ts'
import { fakeClock, type FakeClock } from '../../../../src/testing/fake-clock.ts'
import { task } from '../../../../src/task/task.ts'
import { waitFor } from '../../../support/wait-for.ts'
import { configFolder, type ConfigFolder } from './config-folder.ts'

interface Watched extends AsyncDisposable {
  readonly folder: ConfigFolder
  readonly clock: FakeClock
  readonly watch: ConfigWatch
  readonly changes: ConfigChange[]
  readonly lines: string[]
  /** Lets the clock run until the promise has ended. */
  ended<T>(promise: Promise<T>): Promise<T>
}

function recorder(lines: string[]): Logger {
  const write =
    (level: string) =>
    (_fields: unknown, message: string): void =>
      void lines.push(`${level} ${message}`)
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  }
  return logger
}

async function watched(text: string, onChange?: () => void, file = 'config.yml'): Promise<Watched> {
  const folder = configFolder({ [file]: text })
  const clock = fakeClock()
  const changes: ConfigChange[] = []
  const lines: string[] = []
  const watch = await watchConfig({
    file,
    cwd: folder.path,
    env: { RESULT_BACKEND: '' },
    clock,
    logger: recorder(lines),
    onChange: (change) => {
      changes.push(change)
      onChange?.()
    },
  })
  const ended = async <T>(promise: Promise<T>): Promise<T> => {
    let hasEnded = false
    const done = promise.finally(() => (hasEnded = true))
    // Reads of a file take real time, the pauses between them the clock's.
    await waitFor(async () => {
      if (!hasEnded) await clock.advance(50)
      return hasEnded
    })
    return done
  }
  return { folder, clock, watch, changes, lines, ended, [Symbol.asyncDispose]: () => watch.close() }
}

const FIRST = `broker: 'memory:'\nconcurrency: 2\nlog_level: info\n`
const SECOND = `broker: 'memory:other'\nconcurrency: 5\nlog_level: debug\nlimits: {max_bytes: 400}\n`

describe('watchConfig', () => {
  it('follows the file every 10 s, and says what changed and what needs a restart', async () => {
    await using watching = await watched(FIRST)
    const { folder, clock, watch, changes, lines } = watching
    folder.write('config.yml', SECOND)
    await clock.advance(9_999)
    await clock.settle()
    expect(changes).toEqual([])
    await waitFor(async () => {
      await clock.advance(50)
      return changes.length === 1
    })
    expect(watch.current.config).toMatchObject({ broker: 'memory:other', concurrency: 5 })
    expect(changes[0]?.previous).toMatchObject({ broker: 'memory:', concurrency: 2 })
    expect(changes[0]?.changes).toEqual([
      { key: 'broker', from: 'memory://', to: 'memory://', needsRestart: true },
      { key: 'logLevel', from: 'info', to: 'debug', needsRestart: false },
      { key: 'concurrency', from: '2', to: '5', needsRestart: false },
      { key: 'limits.maxBytes', from: '(default)', to: '400', needsRestart: false },
    ])
    expect(lines).toEqual([
      'info configuration changed: broker; it needs a restart',
      'info configuration changed: logLevel; it is in effect',
      'info configuration changed: concurrency; it is in effect',
      'info configuration changed: limits.maxBytes; it is in effect',
      'info Successfully loaded config from file config.yml',
    ])
  })

  it('looks at once when asked to', async () => {
    await using watching = await watched(FIRST)
    const { folder, watch, changes, ended } = watching
    expect(await ended(watch.reload())).toBe('unchanged')
    folder.write('config.yml', `${FIRST}# a comment`)
    expect(await ended(watch.reload())).toBe('unchanged')
    folder.write('config.yml', SECOND)
    expect(await ended(watch.reload())).toBe('changed')
    expect(changes).toHaveLength(1)
  })

  it.each([
    ['wrong', `broker: 'memory:'\nconcurrency: many\n`],
    ['no YAML', `broker: [`],
    ['empty, as while it is written', ''],
  ])('keeps what it has while the file is %s, and says so once', async (_, broken) => {
    await using watching = await watched(FIRST)
    const { folder, watch, changes, lines, ended } = watching
    const before = watch.current
    folder.write('config.yml', broken)
    for (let round = 0; round < 3; round++) expect(await ended(watch.reload())).toBe('invalid')
    expect(watch.current).toBe(before)
    expect(changes).toEqual([])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^warn Failed to reload config from file config.yml: config.yml: /)
    folder.write('config.yml', FIRST)
    expect(await ended(watch.reload())).toBe('unchanged')
    folder.write('config.yml', broken)
    expect(await ended(watch.reload())).toBe('invalid')
    expect(lines).toHaveLength(2)
  })

  it('keeps what it has while the file is gone, and is well when it is back', async () => {
    await using watching = await watched(FIRST)
    const { folder, watch, lines, ended } = watching
    rmSync(join(folder.path, 'config.yml'))
    expect(await ended(watch.reload())).toBe('invalid')
    expect(await ended(watch.reload())).toBe('invalid')
    expect(lines).toHaveLength(1)
    folder.write('config.yml', FIRST)
    expect(await ended(watch.reload())).toBe('unchanged')
  })

  it('waits until a file is written as a whole', async () => {
    await using watching = await watched(FIRST)
    const { folder, clock, watch, changes } = watching
    // Valid as far as it goes: only that it still changes tells that it is half of a file.
    folder.write('config.yml', SECOND.slice(0, SECOND.indexOf('log_level')))
    let outcome: string | undefined
    const reload = watch.reload().then((one) => (outcome = one))
    await waitFor(() => clock.pendingTimers === 2, { what: 'the pause before the second read' })
    folder.write('config.yml', SECOND)
    await waitFor(async () => {
      await clock.advance(50)
      return outcome !== undefined
    })
    await reload
    expect(changes.map(({ config }) => config.logLevel)).toEqual(['debug'])
  })

  it('gives up on a file that never comes to rest, for now', async () => {
    await using watching = await watched(FIRST)
    const { folder, clock, watch, changes } = watching
    let writes = 0
    let outcome: string | undefined
    const reload = watch.reload().then((one) => (outcome = one))
    folder.write('config.yml', `${FIRST}# 0`)
    await waitFor(async () => {
      folder.write('config.yml', `${FIRST}# ${(writes += 1)}`)
      await clock.advance(250)
      return outcome !== undefined
    })
    await reload
    expect(outcome).toBe('invalid')
    expect(changes).toEqual([])
  })

  it('follows a module too', async () => {
    const module = (concurrency: number): string =>
      `export default { broker: 'memory:', concurrency: ${concurrency} }`
    const file = 'machinery.config.mjs'
    await using watching = await watched(module(1), undefined, file)
    const { folder, watch, ended } = watching
    folder.write(file, module(2))
    expect(await ended(watch.reload())).toBe('changed')
    expect(watch.current.config.concurrency).toBe(2)
    folder.write(file, 'export default {')
    expect(await ended(watch.reload())).toBe('invalid')
    expect(watch.current.config.concurrency).toBe(2)
  })

  it('logs what onChange throws, and goes on', async () => {
    const fail = (): void => {
      throw new Error('no')
    }
    await using watching = await watched(FIRST, fail)
    const { folder, watch, lines, ended } = watching
    folder.write('config.yml', SECOND)
    expect(await ended(watch.reload())).toBe('changed')
    expect(lines.at(-1)).toBe('error a changed configuration could not be put into effect')
    expect(watch.current.config.concurrency).toBe(5)
  })

  it('leaves no timer when closed, twice, and looks no more', async () => {
    await using watching = await watched(FIRST)
    const { folder, clock, watch, changes } = watching
    folder.write('config.yml', SECOND)
    const reload = watch.reload()
    await Promise.all([watch.close(), watch.close()])
    await reload
    expect(clock.pendingTimers).toBe(0)
    expect(await watch.reload()).toBe('unchanged')
    expect(changes).toEqual([])
  })

  it('without a file has nothing to look at', async () => {
    const clock = fakeClock()
    await using watch = await watchConfig({
      file: false,
      env: { BROKER: 'memory:' },
      clock,
      onChange: () => {},
    })
    expect(clock.pendingTimers).toBe(0)
    expect(await watch.reload()).toBe('unchanged')
  })

  it('refuses an interval that is none', async () => {
    const folder = configFolder({ 'config.yml': FIRST })
    for (const intervalMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(
        watchConfig({ file: 'config.yml', cwd: folder.path, env: {}, intervalMs, onChange: () => {} }),
      ).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        message: `intervalMs is ${intervalMs}; a number of ms above 0 is right`,
      })
  })
})

describe('applyChanges', () => {
  it('resizes the worker, sets the log level and the limits, and nothing else', async () => {
    await using watching = await watched(FIRST)
    const { folder, watch, changes, ended } = watching
    const echo = task('echo', (text: string) => text.length)
    const levels: string[] = []
    await using server = await createServer({ ...serverOptions(watch.current.config), tasks: [echo] })
    await using worker = await server.startWorker({ ...workerOptions(watch.current.config), noSignals: true })
    const targets = { server, workers: [worker], setLogLevel: (level: string) => void levels.push(level) }
    const long = 'x'.repeat(500)
    await server.send(echo(long))

    folder.write('config.yml', SECOND)
    await ended(watch.reload())
    for (const change of changes.splice(0)) await applyChanges(change, targets)
    expect(worker.concurrency).toBe(5)
    expect(levels).toEqual(['debug'])
    await expect(server.send(echo(long))).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE' })
    await server.send(echo('x'))

    folder.write('config.yml', `broker: 'memory:'`)
    await ended(watch.reload())
    for (const change of changes.splice(0)) await applyChanges(change, targets)
    expect(worker.concurrency).toBeGreaterThanOrEqual(2)
    expect(worker.concurrency).not.toBe(5)
    expect(levels).toEqual(['debug', 'info'])
    await server.send(echo(long))
  })
})
