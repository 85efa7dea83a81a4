import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { describe, expect, it } from 'vitest'
import { MachineryError } from '../../../src/core/errors.ts'
import { reject, retryIn } from '../../../src/core/outcome.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { gate, QUEUE, STORE_PATHS } from '../../support/builders.ts'
import { keepActiveContext, openTracedBench } from './traced-bench.ts'

keepActiveContext()

const traceOf = (span: ReadableSpan | undefined): string => span?.spanContext().traceId ?? 'no span'
const idOf = (span: ReadableSpan | undefined): string => span?.spanContext().spanId ?? 'no span'
const linkedIds = (span: ReadableSpan | undefined): readonly string[] =>
  span?.links.map(({ context }) => context.spanId) ?? []
const taskOf = (span: ReadableSpan): string => String(span.attributes['machinery.task.name'])
const sorted = (texts: readonly (string | undefined)[]): readonly string[] => texts.map(String).toSorted()

describe.each(STORE_PATHS)('a chord in a trace, over %s', (path) => {
  it('is linked from its send to every member and to its callback, and handlers run in their span', async () => {
    const active = new Map<string, string>()
    const note = (name: string): void =>
      void active.set(`${name} ${currentTask().uuid}`, trace.getActiveSpan()?.spanContext().spanId ?? 'none')
    const square = task('square', async (value: number) => {
      await Promise.resolve()
      note('square')
      return value * value
    })
    const total = task('total', (...squares: number[]) => {
      note('total')
      return squares.reduce((sum, one) => sum + one, 0)
    })
    await using traced = await openTracedBench({ path, tasks: [square, total] })
    const { bench, spans } = traced
    await bench.startWorker()
    const tracer = traced.tracerProvider.getTracer('a web server')
    const request = tracer.startSpan('GET /total')
    const sum = await tracer.startActiveSpan('handler', async (parent) => {
      try {
        return await bench.server.send(chord([square(3), square(4)], total()))
      } finally {
        parent.end()
      }
    })
    request.end()
    expect(await bench.settled(sum.get())).toBe(25)
    await bench.clock.settle()

    const [send, ...otherSends] = spans('send')
    expect(otherSends).toEqual([])
    expect(send).toMatchObject({
      name: `send ${QUEUE}`,
      kind: SpanKind.PRODUCER,
      attributes: {
        'messaging.system': 'machinery',
        'messaging.operation.type': 'send',
        'messaging.destination.name': QUEUE,
        'messaging.batch.message_count': 2,
        'machinery.workflow': 'chord',
      },
    })
    expect(send?.parentSpanContext?.spanId).toBeDefined()

    const runs = spans('process')
    expect(sorted(runs.map(taskOf))).toEqual(['square', 'square', 'total'])
    expect(new Set([...runs.map(traceOf), traceOf(send)]).size).toBe(4)
    for (const run of runs) {
      expect(run).toMatchObject({ name: `process ${QUEUE}`, kind: SpanKind.CONSUMER })
      expect(run.parentSpanContext).toBeUndefined()
      expect(linkedIds(run)).toEqual([idOf(send)])
      expect(run.attributes).toMatchObject({
        'messaging.operation.type': 'process',
        'machinery.task.attempt': 1,
        'machinery.outcome': 'success',
      })
      const key = `${taskOf(run)} ${String(run.attributes['messaging.message.id'])}`
      expect(active.get(key)).toBe(idOf(run))
    }

    const members = runs.filter((run) => taskOf(run) === 'square')
    const handOffs = spans('hand_off')
    expect(sorted(handOffs.map((span) => span.parentSpanContext?.spanId))).toEqual(sorted(members.map(idOf)))
    expect(handOffs[0]).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: { 'messaging.operation.type': 'send', 'machinery.chord.callback.name': 'total' },
    })

    const receives = spans('receive')
    const links = receives.flatMap(linkedIds)
    expect(links).toEqual([idOf(send), idOf(send), idOf(send)])
    expect(receives[0]).toMatchObject({ name: `receive ${QUEUE}`, kind: SpanKind.CLIENT })
  })
})

describe('runs as children', () => {
  it('are in the trace of the send, through a chain and its callback', async () => {
    const first = task('first', (value: number) => value + 1)
    const second = task('second', (value: number) => value * 2)
    await using traced = await openTracedBench({ tasks: [first, second] }, { runs: 'parent' })
    const { bench, spans } = traced
    await bench.startWorker()
    const result = await bench.server.send(chain(first(1), second()))
    expect(await bench.settled(result.get())).toBe(4)
    await bench.clock.settle()
    const [send] = spans('send')
    const runs = spans('process')
    expect(runs.map(taskOf)).toEqual(['first', 'second'])
    for (const run of runs) {
      expect(traceOf(run)).toBe(traceOf(send))
      expect(run.parentSpanContext?.spanId).toBe(idOf(send))
      expect(run.links).toEqual([])
    }
    expect(spans('hand_off').map((span) => span.parentSpanContext?.spanId)).toEqual([idOf(runs[0])])
  })
})

describe('a task that sends', () => {
  it('is the parent of its send', async () => {
    const inner = task('inner', () => 'done')
    const send: { again?: () => Promise<unknown> } = {}
    const outer = task('outer', async () => void (await send.again?.()))
    await using traced = await openTracedBench({ tasks: [inner, outer] })
    const { bench, spans } = traced
    send.again = () => bench.server.send(inner())
    await bench.startWorker()
    const result = await bench.server.send(outer())
    await bench.settled(result.get())
    await bench.clock.settle()
    const [outerRun, innerRun] = spans('process')
    const [outerSend, innerSend] = spans('send')
    expect(innerSend?.parentSpanContext?.spanId).toBe(idOf(outerRun))
    expect(outerSend?.attributes).toMatchObject({
      'machinery.task.name': 'outer',
      'messaging.message.id': result.uuid,
    })
    expect(linkedIds(innerRun)).toEqual([idOf(innerSend)])
  })

  it('has the ids of its span in every line of its logger', async () => {
    const talk = task('talk', () => currentTask().logger.info({}, 'hello'))
    await using traced = await openTracedBench({ tasks: [talk] })
    await traced.bench.startWorker()
    const result = await traced.bench.server.send(talk())
    await traced.bench.settled(result.get())
    const [run] = traced.spans('process')
    expect(traced.bench.logs.find((line) => line.message === 'hello')?.fields).toMatchObject({
      task: 'talk',
      uuid: result.uuid,
      queue: QUEUE,
      attempt: 1,
      trace_id: traceOf(run),
      span_id: idOf(run),
    })
  })
})

describe('a run that does not succeed', () => {
  it('makes an error of a failure, and none of a retry, a rejection or a wait', async () => {
    let attempts = 0
    const flaky = task('flaky', () => {
      attempts += 1
      if (attempts === 1) throw new TypeError('first')
      if (attempts === 2) throw retryIn(1_000)
      if (attempts === 3) throw new MachineryError('ERR_STORE_BUSY', 'last')
    })
    const picky = task('picky', () => {
      throw reject('not mine')
    })
    await using traced = await openTracedBench({ tasks: [flaky, picky] })
    const { bench, spans } = traced
    await bench.startWorker()
    const flakyResult = await bench.server.send(flaky().with({ retryCount: 1 }))
    await expect(bench.settled(flakyResult.get())).rejects.toMatchObject({ code: 'ERR_TASK_FAILED' })
    const pickyResult = await bench.server.send(picky())
    await expect(bench.settled(pickyResult.get())).rejects.toMatchObject({ code: 'ERR_TASK_FAILED' })
    await bench.clock.settle()
    const ends = spans('process').map(({ attributes, status, events }) => [
      attributes['machinery.outcome'],
      status.code,
      attributes['error.type'],
      events.map((event) => event.attributes?.['exception.message']),
    ])
    expect(ends).toEqual([
      ['retry', SpanStatusCode.UNSET, undefined, []],
      ['retry', SpanStatusCode.UNSET, undefined, []],
      ['failure', SpanStatusCode.ERROR, 'ERR_STORE_BUSY', ['last']],
      ['rejected', SpanStatusCode.UNSET, undefined, []],
    ])
    const [send] = spans('send')
    expect(spans('process').slice(0, 3).flatMap(linkedIds)).toEqual([idOf(send), idOf(send), idOf(send)])
  })

  it('ends when it is given back at a shutdown, whatever its handler does afterwards', async () => {
    const release = gate()
    const deaf = task('deaf', () => release.opened)
    await using traced = await openTracedBench({ tasks: [deaf] })
    const { bench, spans } = traced
    const worker = await bench.startWorker()
    await bench.server.send(deaf())
    await bench.clock.settle()
    await bench.settled(worker.close({ graceMs: 0 }))
    const ends = spans('process').map(({ attributes, status }) => [
      attributes['machinery.outcome'],
      status.code,
    ])
    expect(ends).toEqual([['released', SpanStatusCode.UNSET]])
    release.open()
    await bench.clock.settle()
    expect(spans('process')).toHaveLength(1)
  })

  it('is an error of the send when the broker refuses it', async () => {
    const add = task('add', (a: number) => a)
    await using traced = await openTracedBench({ path: 'two ports', tasks: [add] })
    traced.bench.brokerFaults.down = true
    await expect(traced.bench.settled(traced.bench.server.send(add(1)))).rejects.toThrow('connection')
    const [send] = traced.spans('send')
    expect(send?.status.code).toBe(SpanStatusCode.ERROR)
    expect(send?.attributes['error.type']).toBeDefined()
    expect(await traced.points('machinery.tasks.sent')).toEqual([])
  })
})
