import { describe, expect, it } from 'vitest'
import { DEFAULT_WIRE_LIMITS } from '../../../src/core/wire/limits.ts'
import { task } from '../../../src/task/task.ts'
import { openBench, STORE_PATHS } from '../../support/builders.ts'

const echo = task('echo', (value: number) => value)

describe.each(STORE_PATHS)('a message that cannot be read, over %s', (path) => {
  it.each<[string, string, string | undefined]>([
    ['is not JSON', '{not json', undefined],
    ['is empty', '', undefined],
    ['is no object', '[1]', undefined],
    ['has arguments that are no list, but a UUID', '{"UUID":"readable","Name":"echo","Args":5}', 'readable'],
    ['has a key twice', '{"UUID":"first","uuid":"second","Name":"echo"}', 'first'],
    ['has a UUID that must not be a key', '{"UUID":"a b\\u0000","Name":"echo"}', undefined],
    ['is too deep', `{"UUID":"deep","Name":"echo","X":${'['.repeat(600)}${']'.repeat(600)}}`, 'deep'],
  ])('because it %s ends as a dead letter with a reason', async (_name, text, uuid) => {
    await using bench = await openBench({ path, tasks: [echo] })
    await bench.startWorker()
    await bench.publish(Buffer.from(text))
    await bench.clock.settle()
    const [letter, ...others] = await bench.dead()
    expect(others).toEqual([])
    expect(Buffer.from(letter?.body ?? []).toString()).toBe(text)
    expect(letter?.reason.length).toBeGreaterThan(5)
    const stored = await bench.state(uuid ?? 'nobody')
    expect(stored?.error).toBe(uuid === undefined ? undefined : letter?.reason)
    const result = await bench.server.send(echo(1))
    expect(await bench.settled(result.get())).toBe(1)
  })

  it('because it is too large ends as a dead letter, and its task in FAILURE', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    await bench.startWorker()
    const filler = 'x'.repeat(DEFAULT_WIRE_LIMITS.maxBytes)
    await bench.publish(Buffer.from(`{"UUID":"large","Name":"echo","Filler":"${filler}"}`))
    await bench.publish(Buffer.from(`{"Name":"echo","UUID":"hidden","Filler":"${filler}"}`))
    await bench.clock.settle()
    const reasons = (await bench.dead()).map((letter) => letter.reason)
    expect(reasons).toHaveLength(2)
    expect(reasons[0]).toContain('maxBytes')
    expect(await bench.state('large')).toMatchObject({ state: 'FAILURE', error: reasons[0] })
    expect(await bench.state('hidden')).toBeUndefined()
  })

  it('never stops the others, however many there are', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    for (let count = 0; count < 300; count++) await bench.publish(Buffer.from(`{not json ${count}`))
    await bench.startWorker({ concurrency: 1 })
    const result = await bench.server.send(echo(7))
    expect(await bench.settled(result.get())).toBe(7)
    expect(await bench.dead()).toHaveLength(300)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0 })
  })

  it('does not undo a task that has ended', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    await bench.startWorker()
    const result = await bench.server.send(echo(7))
    await bench.settled(result.get())
    await bench.publish(Buffer.from(`{"UUID":"${result.uuid}","Name":5}`))
    await bench.clock.settle()
    expect(await bench.dead()).toHaveLength(1)
    expect(await result.get()).toBe(7)
  })
})
