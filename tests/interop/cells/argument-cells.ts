import { expect } from 'vitest'

import { withMessage } from '../../../src/core/message.ts'
import { currentTask, signature, type BeforePublish } from '../../../src/index.ts'
import type { Cell } from '../cell.ts'
import { echoName, echoOf, TYPED_SAMPLES, type TypedSamples } from '../typed-samples.ts'

const AREA = 'arguments and results'
const WAIT = { timeoutMs: 10_000 }

const fromGo = (typed: TypedSamples): Cell => ({
  area: AREA,
  direction: 'Go → TypeScript',
  name: typed.type,
  run: async ({ go, tsQueue, startWorker }) => {
    const received = new Map<string, unknown>()
    const echo = echoOf(typed).implement((value) => {
      received.set(currentTask().uuid, value)
      return value
    })
    await startWorker({ tasks: [echo] })
    await Promise.all(
      typed.samples.map(async ({ value, text }) => {
        const args = [{ type: typed.type, value: text }]
        const uuid = await go.send({ name: echoName(typed.type), queue: tsQueue, args })
        expect(await go.result(uuid)).toEqual([{ type: typed.resultType, value: text }])
        expect(received.get(uuid), text).toEqual(value)
      }),
    )
  },
})

const toGo = (typed: TypedSamples): Cell => ({
  area: AREA,
  direction: 'TypeScript → Go',
  name: typed.type,
  run: async ({ go, goQueue, openServer }) => {
    const server = await openServer()
    const echo = echoOf(typed)
    await Promise.all(
      typed.samples.map(async ({ value, text }) => {
        const sent = await server.send(echo(value).with({ routingKey: goQueue }))
        expect(await go.result(sent.uuid)).toEqual([{ type: typed.resultType, value: text }])
        expect(await sent.get(WAIT), text).toEqual(value)
        expect((await sent.state())?.results).toEqual([{ type: typed.resultType, value: text }])
      }),
    )
  },
})

const SLICES = TYPED_SAMPLES.filter(({ type }) => type.startsWith('[]'))

const emptyOf = ({ samples }: TypedSamples): unknown => samples[0]?.value

const NULL_SLICES: readonly Cell[] = [
  {
    area: AREA,
    direction: 'Go → TypeScript',
    name: 'nil slices are empty',
    run: async ({ go, tsQueue, startWorker }) => {
      const received = new Map<string, unknown>()
      const keep = (value: unknown): unknown => {
        received.set(currentTask().uuid, value)
        return value
      }
      await startWorker({ tasks: SLICES.map((typed) => echoOf(typed).implement(keep)) })
      await Promise.all(
        SLICES.map(async (typed) => {
          const { type, resultType, samples } = typed
          const uuid = await go.send({ name: echoName(type), queue: tsQueue, args: [{ type, value: null }] })
          expect(await go.result(uuid)).toEqual([{ type: resultType, value: samples[0]?.text }])
          expect(received.get(uuid)).toEqual(emptyOf(typed))
        }),
      )
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'null slices are empty',
    run: async ({ go, goQueue, openServer }) => {
      const nulls: BeforePublish = (message) =>
        withMessage(message, { args: message.args.map((arg) => ({ ...arg, value: 'null' })) })
      const server = await openServer({ beforePublish: nulls })
      await Promise.all(
        SLICES.map(async (typed) => {
          const sent = await server.send(echoOf(typed)(emptyOf(typed)).with({ routingKey: goQueue }))
          await go.result(sent.uuid)
          expect(await sent.get(WAIT), typed.type).toEqual(emptyOf(typed))
        }),
      )
    },
  },
]

const UNTYPED: readonly Cell[] = [
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'values without a contract have the types of Go that fit them',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer()
      const values = [
        ['bool', true],
        ['int64', 2 ** 53 - 1],
        ['int64', 2n ** 63n - 1n],
        ['uint64', 2n ** 64n - 1n],
        ['float64', 0.5],
        ['string', 'é'],
        ['[]uint8', Uint8Array.of(1, 2)],
        ['[]int64', [1, 2]],
        ['[]float64', [1, 2.5]],
      ] as const
      await Promise.all(
        values.map(async ([type, value]) => {
          const sent = await server.send(signature(echoName(type), [value], { routingKey: goQueue }))
          await go.result(sent.uuid)
          expect(await sent.get(WAIT), type).toEqual(value)
        }),
      )
    },
  },
]

/** Every type of argument with its boundary values, and results of the same types. */
export const ARGUMENT_CELLS: readonly Cell[] = [
  ...TYPED_SAMPLES.map(fromGo),
  ...TYPED_SAMPLES.map(toGo),
  ...NULL_SLICES,
  ...UNTYPED,
]
