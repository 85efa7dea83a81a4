import { afterEach, describe, expect, it, vi } from 'vitest'
import { consoleLogger, type LogLevel } from '../../../src/app/console-logger.ts'

const lines: string[] = []

function capture(): void {
  lines.length = 0
  vi.stubEnv('NO_COLOR', '1')
  vi.stubEnv('FORCE_COLOR', undefined)
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(`out ${line}`))
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(`err ${line}`))
}

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

describe('the console logger', () => {
  it('writes one line per entry: time, level, message, fields', () => {
    capture()
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    consoleLogger().info(
      {
        uuid: 'task_1',
        text: 'two words',
        empty: undefined,
        count: 3,
        err: new TypeError('odd "one"'),
        loop,
      },
      'task done',
    )
    expect(lines[0]?.replace(TIME, 'TIME')).toBe(
      'out TIME INFO  task done uuid=task_1 text="two words" count=3 err="TypeError: odd \\"one\\"" loop="[unprintable]"',
    )
  })

  it('is in colour where that is asked for, and never with NO_COLOR', () => {
    capture()
    vi.stubEnv('NO_COLOR', undefined)
    vi.stubEnv('NODE_DISABLE_COLORS', undefined)
    vi.stubEnv('FORCE_COLOR', '1')
    consoleLogger().error({ count: 3 }, 'odd')
    vi.stubEnv('FORCE_COLOR', undefined)
    vi.stubEnv('NO_COLOR', '1')
    consoleLogger().error({ count: 3 }, 'odd')
    expect(lines.map((line) => line.replace(TIME, 'TIME').replaceAll('\u001B', 'ESC'))).toEqual([
      'err ESC[90mTIMEESC[39m ESC[31mERRORESC[39m oddESC[90m count=3ESC[39m',
      'err TIME ERROR odd count=3',
    ])
  })

  it('writes warnings and errors to stderr, and carries the bindings of its parents', () => {
    capture()
    const child = consoleLogger('debug', { worker: 'w' }).child({ task: 't' })
    child.debug({}, 'a')
    child.warn({}, 'b')
    child.error({ task: 'other' }, 'c')
    expect(lines.map((line) => line.replace(TIME, ''))).toEqual([
      'out  DEBUG a worker=w task=t',
      'err  WARN  b worker=w task=t',
      'err  ERROR c worker=w task=other',
    ])
  })

  it.each<[LogLevel, number]>([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ])('at level %s writes %i of four levels', (level, count) => {
    capture()
    const logger = consoleLogger(level)
    logger.debug({}, '1')
    logger.info({}, '2')
    logger.warn({}, '3')
    logger.error({}, '4')
    expect(lines).toHaveLength(count)
  })
})
