import { trace, type TextMapPropagator } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import type { Message } from '../../../src/core/message.ts'
import { memoryFaults } from '../../../src/testing/index.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { gate, openBench, STORE_PATHS } from '../../support/builders.ts'
import { keepActiveContext, openTracedBench, type TracedBench } from './traced-bench.ts'

keepActiveContext()

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`
const add = task('add', (a: number, b: number) => a + b)
const report = task('report', (error: string) => error)
const total = task('total', (...terms: number[]) => terms.length)

async function pending(traced: TracedBench): Promise<Message> {
  const [message] = await traced.bench.server.getPendingTasks()
  if (message === undefined) throw new Error('nothing is pending')
  return message
}

function parentOf(traced: TracedBench): string {
  const [send] = traced.spans('send')
  const { traceId, spanId } = send?.spanContext() ?? { traceId: '', spanId: '' }
  return JSON.stringify(`00-${traceId}-${spanId}-01`)
}

describe('the context of a send', () => {
  it('stands as W3C text in the headers, beside those that were given', async () => {
    await using traced = await openTracedBench({ tasks: [add] })
    await traced.bench.server.send(add(1, 2).with({ headers: { tenant: 'a', 'uber-trace-id': '1:2:3:1' } }))
    const { headers } = await pending(traced)
    expect(Object.fromEntries(headers ?? [])).toEqual({
      traceparent: parentOf(traced),
      tenant: '"a"',
      'uber-trace-id': '"1:2:3:1"',
    })
  })

  it('stands in every message of a workflow, so that a hand-off does not depend on who runs it', async () => {
    await using traced = await openTracedBench({ tasks: [add, total, report] })
    await traced.bench.server.send(chain(chord([add(1, 2)], total()), add(1).with({ onError: [report()] })))
    const root = await pending(traced)
    const callback = root.chordCallback
    const last = callback?.onSuccess[0]
    for (const message of [root, callback, last, last?.onError[0]])
      expect(message?.headers?.get('traceparent')).toBe(parentOf(traced))
  })

  it('gives way to a context that was given', async () => {
    await using traced = await openTracedBench({ tasks: [add] })
    await traced.bench.server.send(add(1, 2).with({ headers: { traceparent: PARENT } }))
    expect((await pending(traced)).headers?.get('traceparent')).toBe(JSON.stringify(PARENT))
  })

  it('is not in a message with splitSpan: its run has no link', async () => {
    await using traced = await openTracedBench({ tasks: [add] })
    await traced.bench.server.send(add(1, 2).with({ splitSpan: true }))
    const message = await pending(traced)
    expect(message.splitSpan).toBe(true)
    expect(message.headers).toBeUndefined()
    await traced.bench.startWorker()
    await traced.bench.clock.settle()
    expect(traced.spans('process').map(({ links }) => links)).toEqual([[]])
  })

  it('adds nothing to a message where nothing traces', async () => {
    await using bench = await openBench({ tasks: [add] })
    await bench.server.send(add(1, 2))
    const [message] = await bench.server.getPendingTasks()
    expect(message?.headers).toBeUndefined()
  })
})

describe('the context of a message from elsewhere', () => {
  const run = async (headers: ReadonlyMap<string, string>, options = {}) => {
    const traced = await openTracedBench({ tasks: [add] }, options)
    await traced.bench.publish({ uuid: 'task_go', name: 'add', args: twoInts(), headers })
    await traced.bench.startWorker()
    await traced.bench.clock.settle()
    return traced
  }
  const twoInts = () => [1, 2].map((value) => ({ name: '', type: 'int64', value: `${value}` }))

  it('is linked, with its state, and foreign headers do not disturb', async () => {
    const headers = new Map([
      ['uber-trace-id', '"1:2:3:1"'],
      ['count', '5'],
      ['traceparent', JSON.stringify(PARENT)],
      ['tracestate', '"vendor=value"'],
    ])
    await using traced = await run(headers)
    const [span] = traced.spans('process')
    expect(span?.links[0]?.context).toMatchObject({ traceId: TRACE_ID, isRemote: true })
    expect(span?.links[0]?.context.traceState?.serialize()).toBe('vendor=value')
  })

  it.each([
    ['5'],
    ['"nonsense"'],
    [`"00-${'0'.repeat(32)}-b7ad6b7169203331-01"`],
    [`"ff-${TRACE_ID}-b7ad6b7169203331-01"`],
    [`"00-${TRACE_ID}-b7ad6b7169203331-01-more"`],
  ])('is none where it reads %s, and the task runs', async (traceparent) => {
    await using traced = await run(new Map([['traceparent', traceparent]]))
    const [span] = traced.spans('process')
    expect(span?.links).toEqual([])
    expect(await traced.bench.state('task_go')).toMatchObject({ state: 'SUCCESS' })
  })

  it('is read in a later version of the format', async () => {
    await using traced = await run(new Map([['traceparent', `"01-${TRACE_ID}-b7ad6b7169203331-01-more"`]]))
    expect(traced.spans('process')[0]?.links[0]?.context.traceId).toBe(TRACE_ID)
  })

  it('is read by the propagator that is given, as for Go workers that write uber-trace-id', async () => {
    const jaeger: TextMapPropagator = {
      fields: () => ['uber-trace-id'],
      inject: (_context, carrier, setter) => setter.set(carrier, 'uber-trace-id', 'x'),
      extract(context, carrier, getter) {
        const [traceId = '', spanId = ''] = String(getter.get(carrier, 'uber-trace-id')).split(':')
        return trace.setSpanContext(context, { traceId, spanId, traceFlags: 1 })
      },
    }
    const text = `"${TRACE_ID}:b7ad6b7169203331:0:1"`
    await using traced = await run(new Map([['uber-trace-id', text]]), { propagator: jaeger })
    expect(traced.spans('process')[0]?.links[0]?.context.traceId).toBe(TRACE_ID)
  })

  it('that its propagator chokes on stops nothing: neither the send nor the run', async () => {
    const strict: TextMapPropagator = {
      fields: () => ['uber-trace-id'],
      inject: () => {
        throw new Error('no context')
      },
      extract: (_context, carrier, getter) => {
        decodeURIComponent(String(getter.get(carrier, 'uber-trace-id')))
        throw new Error('unreadable')
      },
    }
    await using traced = await run(new Map([['uber-trace-id', '"%"']]), { propagator: strict })
    expect(await traced.bench.state('task_go')).toMatchObject({ state: 'SUCCESS' })
    const sent = await traced.bench.server.send(add(1, 2))
    await traced.bench.clock.settle()
    expect(await sent.state()).toMatchObject({ state: 'SUCCESS' })
  })
})

describe.each(STORE_PATHS)('a task that is delivered twice, over %s', (path) => {
  it('is linked to its one send each time, and so is what follows', async () => {
    const gates = [gate(), gate()]
    const first = task('first', async () => {
      await gates[currentTask().attempt - 1]?.opened
      return 1
    })
    await using traced = await openTracedBench({ path, tasks: [first, add] })
    const { bench } = traced
    const worker = await bench.startWorker()
    await bench.server.send(chain(first(), add(1)))
    await bench.clock.settle()
    const faults = memoryFaults(bench.store)
    faults.loseLease(faults.held())
    await bench.clock.settle()
    for (const one of gates) one.open()
    await bench.settled(worker.close())
    const runs = traced.spans('process')
    const linked = new Set(runs.flatMap(({ links }) => links.map(({ context }) => context.spanId)))
    expect(runs.map(({ attributes }) => attributes['machinery.task.name']).slice(0, 2)).toEqual([
      'first',
      'first',
    ])
    expect([...linked]).toEqual([traced.spans('send')[0]?.spanContext().spanId])
  })
})
