import { describe, expect, it } from 'vitest'
import { MachineryError } from '../../../src/core/errors.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { task } from '../../../src/task/task.ts'
import { RepeatedWarnings } from '../../../src/worker/repeated-warnings.ts'
import { openBench, recordingLogger, type LogLine } from '../../support/builders.ts'

function warnings() {
  const clock = fakeClock()
  const lines: LogLine[] = []
  return { clock, lines, repeated: new RepeatedWarnings(clock, recordingLogger(lines)) }
}

describe('repeated warnings', () => {
  it('are logged at once, then every 30 s with the number of lines left out', async () => {
    const { clock, lines, repeated } = warnings()
    for (let second = 0; second <= 60; second += 1) {
      repeated.warn(new MachineryError('ERR_CONNECTION_LOST', 'away'), 'trouble')
      await clock.advance(1_000)
    }
    expect(lines.map(({ fields }) => fields['repeated'])).toEqual([undefined, 29, 29])
    expect(lines[0]).toMatchObject({
      level: 'warn',
      message: 'trouble',
      fields: { err: { message: 'away' } },
    })
  })

  it('are each logged for themselves when they differ in message, code or text', () => {
    const { lines, repeated } = warnings()
    for (let round = 0; round < 2; round += 1) {
      repeated.warn(new MachineryError('ERR_CONNECTION_LOST', 'away'), 'trouble')
      repeated.warn(new MachineryError('ERR_STORE_BUSY', 'away'), 'trouble')
      repeated.warn(new Error('away'), 'trouble')
      repeated.warn(new Error('away'), 'other trouble')
      repeated.warn('gone', 'trouble')
    }
    expect(lines).toHaveLength(5)
  })

  it('do not fill the memory: the one that was logged longest ago is forgotten', () => {
    const { lines, repeated } = warnings()
    for (let index = 0; index < 101; index += 1) repeated.warn(new Error(`error ${index}`), 'trouble')
    repeated.warn(new Error('error 100'), 'trouble')
    expect(lines).toHaveLength(101)
    repeated.warn(new Error('error 0'), 'trouble')
    expect(lines).toHaveLength(102)
  })
})

describe('the log of a worker', () => {
  it('says little while its store is away: the hook is told of every error', async () => {
    await using bench = await openBench({ tasks: [task('add', () => {})] })
    let told = 0
    await bench.startWorker({ hooks: { workerError: () => void (told += 1) } })
    await bench.clock.settle()
    bench.backendFaults.down = true
    await bench.publish({ uuid: 'u', name: 'add' })
    await bench.clock.advance(120_000)
    const lines = bench.logs.filter(({ message }) => message === 'worker has trouble')
    expect(told).toBeGreaterThan(10)
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.length).toBeLessThanOrEqual(5)
    bench.backendFaults.down = false
  })

  it('has nothing above debug for messages that go well', async () => {
    const add = task('add', (a: number, b: number) => a + b)
    await using bench = await openBench({ tasks: [add] })
    const worker = await bench.startWorker({ name: 'w' })
    const results = await bench.server.sendMany(Array.from({ length: 50 }, (_, index) => add(index, 1)))
    await bench.settled(Promise.all(results.map((result) => result.get())))
    await bench.settled(worker.close())
    const above = bench.logs.filter(({ level }) => level !== 'debug')
    expect(above.map(({ message }) => message)).toEqual(['worker started', 'worker closed'])
  })
})
