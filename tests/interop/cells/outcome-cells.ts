import { expect } from 'vitest'

import { signature } from '../../../src/index.ts'
import { assertCode } from '../../../src/testing/assert-code.ts'
import type { Cell } from '../cell.ts'
import { explode, fail, foreign, nothing, several, SEVERAL } from '../tasks.ts'
import { goArgs } from './go-values.ts'

const AREA = 'outcomes'
const WAIT = { timeoutMs: 10_000 }
const TEXT = 'boom: <é> & "☃"'
const WITH_ARGUMENT = `${TEXT} [7]`

const GO_SEVERAL = [
  { type: 'int64', value: String(SEVERAL[0]) },
  { type: 'string', value: String.raw`"\u003cé \u0026 ☃\u003e"` },
  { type: '[]uint8', value: '"AAH+/w=="' },
  { type: 'float32', value: '0.1' },
]

const RESULTS: readonly Cell[] = [
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'several results',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer()
      const sent = await server.send(several(SEVERAL[0]).with({ routingKey: goQueue }))
      expect(await go.result(sent.uuid)).toEqual(GO_SEVERAL)
      expect(await sent.get(WAIT)).toEqual(SEVERAL)
    },
  },
  {
    area: AREA,
    direction: 'Go → TypeScript',
    name: 'several results',
    run: async ({ go, tsQueue, startWorker }) => {
      await startWorker()
      const args = goArgs(BigInt(SEVERAL[0]))
      expect(await go.result(await go.send({ name: 'several', queue: tsQueue, args }))).toEqual(GO_SEVERAL)
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'no result',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer()
      const sent = await server.send(nothing().with({ routingKey: goQueue }))
      expect(await go.result(sent.uuid)).toEqual([])
      expect(await sent.get(WAIT)).toBeUndefined()
    },
  },
  {
    area: AREA,
    direction: 'Go → TypeScript',
    name: 'no result',
    run: async ({ go, tsQueue, startWorker }) => {
      await startWorker()
      expect(await go.result(await go.send({ name: 'nothing', queue: tsQueue }))).toEqual([])
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'results of types that only Go has are read as JSON',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer()
      const sent = await server.send(foreign().with({ routingKey: goQueue }))
      await expect(go.result(sent.uuid)).rejects.toThrow('is not one of supported types')
      const { results } = (await sent.state()) ?? { results: [] }
      expect(results.map(({ type }) => type)).toEqual([
        'map[string]interface {}',
        'time.Duration',
        'main.point',
        '[2]uint8',
        'int32',
      ])
      const read: unknown = await server.result(sent.uuid).get(WAIT)
      expect(read).toEqual([{ a: 1, b: '<>' }, 1_500_000_000, { X: 1, Y: -2 }, [1, 2], 0xe9])
    },
  },
]

const ERRORS: readonly Cell[] = [
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'an error, and its callback in TypeScript',
    run: async ({ go, goQueue, tsQueue, startWorker }) => {
      const server = await startWorker()
      const onError = [signature('remember', [7], { routingKey: tsQueue })]
      const sent = await server.send(fail(TEXT).with({ routingKey: goQueue, onError }))
      await expect(go.result(sent.uuid)).rejects.toThrow(TEXT)
      await assertCode(sent.get(WAIT), 'ERR_TASK_FAILED')
      await expect(sent.get(WAIT)).rejects.toThrow(TEXT)
      const [{ uuid } = { uuid: '' }] = onError
      expect(await go.result(uuid)).toEqual([{ type: 'string', value: goText(WITH_ARGUMENT) }])
      expect(await server.result(uuid).get(WAIT)).toBe(WITH_ARGUMENT)
    },
  },
  {
    area: AREA,
    direction: 'Go → TypeScript',
    name: 'an error, and its callback in Go',
    run: async ({ go, goQueue, tsQueue, name, startWorker }) => {
      const server = await startWorker()
      const callback = { name: 'remember', uuid: name('callback'), queue: goQueue, args: goArgs(7n) }
      const uuid = await go.send({ name: 'fail', queue: tsQueue, args: goArgs(TEXT), onError: [callback] })
      await expect(go.result(uuid)).rejects.toThrow(TEXT)
      await expect(server.result(uuid).get(WAIT)).rejects.toThrow(TEXT)
      expect(await go.result(callback.uuid)).toEqual([{ type: 'string', value: goText(WITH_ARGUMENT) }])
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'a panic is an error',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer()
      const sent = await server.send(explode(TEXT).with({ routingKey: goQueue }))
      await expect(go.result(sent.uuid)).rejects.toThrow(TEXT)
      await expect(sent.get(WAIT)).rejects.toThrow(TEXT)
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'a value of the wrong type fails the call, not the worker',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer()
      const wrong = await server.send(signature('add', ['1'], { routingKey: goQueue }))
      await expect(go.result(wrong.uuid)).rejects.toThrow('reflect')
      await expect(wrong.get(WAIT)).rejects.toThrow('reflect')
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'time.Time is not one of the types of upstream Machinery',
    run: async ({ go, name, openServer }) => {
      const server = await openServer()
      // A worker of Machinery that was given what it cannot read works no more: this one has nothing else to do.
      await go.work({ queue: name('doomed') })
      const sent = await server.send(signature('add', [new Date(0)], { routingKey: name('doomed') }))
      await expect(go.result(sent.uuid)).rejects.toThrow('time.Time is not one of supported types')
      await expect(sent.get(WAIT)).rejects.toThrow(
        'Reflect task args error: time.Time is not one of supported types',
      )
    },
  },
]

/** As Go writes a text. */
function goText(text: string): string {
  return JSON.stringify(text)
    .replaceAll('<', String.raw`\u003c`)
    .replaceAll('>', String.raw`\u003e`)
    .replaceAll('&', String.raw`\u0026`)
}

/** Any number of results, errors and their callbacks. */
export const OUTCOME_CELLS: readonly Cell[] = [...RESULTS, ...ERRORS]
