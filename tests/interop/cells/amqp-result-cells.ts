import { expect } from 'vitest'

import { chain } from '../../../src/index.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Cell } from '../cell.ts'
import type { Interop } from '../interop.ts'
import { add, fail, hold, multiply, several, SEVERAL } from '../tasks.ts'
import { BIG, goArgs, goInt64 } from './go-values.ts'

const AREA = 'results on amqp'
const WAIT = { timeoutMs: 10_000 }
const TEXT = 'boom: <é> & "☃"'

/** A Go program with states on RabbitMQ that works on a queue of its own, and the same for TypeScript. */
async function onAmqp({ goSettings, startGo, name }: Interop) {
  const { broker } = goSettings
  const go = await startGo({ backend: broker })
  const goQueue = name('go')
  await go.work({ queue: goQueue })
  return { go, goQueue, options: { broker, resultBackend: broker } }
}

const SINGLE_CELLS: readonly Cell[] = [
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'TypeScript reads results and an error of Go',
    run: async (interop) => {
      const { goQueue, options } = await onAmqp(interop)
      const server = await interop.openServer(options)
      const sent = await server.send(several(SEVERAL[0]).with({ routingKey: goQueue }))
      expect(await sent.get(WAIT)).toEqual(SEVERAL)
      const failed = await server.send(fail(TEXT).with({ routingKey: goQueue }))
      await expect(failed.get(WAIT)).rejects.toThrow(TEXT)
      expect(await failed.state()).toMatchObject({ state: 'FAILURE', error: TEXT })
    },
  },
  {
    area: AREA,
    direction: 'Go → TypeScript',
    name: 'Go reads a result and an error of TypeScript, the first that looks',
    run: async (interop) => {
      const { go, options } = await onAmqp(interop)
      const server = await interop.startWorker(options)
      const uuid = await go.send({ name: 'add', queue: interop.tsQueue, args: goArgs(BIG, 1n) })
      expect(await go.result(uuid)).toEqual(goInt64(BIG + 1n))
      expect(await server.result(uuid).state()).toBeUndefined()
      const failed = await go.send({ name: 'fail', queue: interop.tsQueue, args: goArgs(TEXT) })
      await expect(go.result(failed)).rejects.toThrow(TEXT)
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'TypeScript reads PENDING, STARTED and SUCCESS, as often as it likes',
    run: async (interop) => {
      const { go, goQueue, options } = await onAmqp(interop)
      const server = await interop.openServer(options)
      const sent = await server.send(hold(interop.name('gate'), BIG).with({ routingKey: goQueue }))
      await waitFor(async () => (await sent.state())?.state === 'STARTED', WAIT)
      expect(await sent.state()).toMatchObject({ state: 'STARTED' })
      await go.open(interop.name('gate'))
      expect(await sent.get(WAIT)).toBe(BIG)
      expect(await sent.get(WAIT)).toBe(BIG)
    },
  },
  {
    area: AREA,
    direction: 'mixed',
    name: 'a chain: Go, TypeScript, Go',
    run: async (interop) => {
      const { goQueue, options } = await onAmqp(interop)
      const server = await interop.startWorker(options)
      const sent = await server.send(
        chain(
          add(BIG, 0n).with({ routingKey: goQueue }),
          add(2n).with({ routingKey: interop.tsQueue }),
          multiply(3n).with({ routingKey: goQueue }),
        ),
      )
      expect(await sent.get(WAIT)).toBe((BIG + 2n) * 3n)
    },
  },
]

const GROUP_CELLS: readonly Cell[] = [
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'a group that Go sent and ran: TypeScript reads its results, Go its states',
    run: async (interop) => {
      const { go, goQueue, options } = await onAmqp(interop)
      const server = await interop.openServer(options)
      const { groupUuid, uuids } = await go.group({
        signatures: [1n, BIG, 3n].map((value) => ({ name: 'add', queue: goQueue, args: goArgs(value) })),
      })
      const read = await Promise.all(uuids.map((uuid) => server.result(uuid).get(WAIT)))
      expect(read.map(String)).toEqual(['1', String(BIG), '3'])
      await waitFor(() => go.groupCompleted(groupUuid, 3), WAIT)
      const states = await go.groupStates(groupUuid, 3)
      expect(states.map(({ TaskUUID }) => TaskUUID).toSorted()).toEqual(uuids.toSorted())
    },
  },
  {
    area: AREA,
    direction: 'Go → TypeScript',
    name: 'a group that Go sent: Go reads the results of members in TypeScript',
    run: async (interop) => {
      const { go, options } = await onAmqp(interop)
      const server = await interop.startWorker(options)
      const { uuids } = await go.group({
        signatures: [1n, BIG, 3n].map((value) => ({
          name: 'add',
          queue: interop.tsQueue,
          args: goArgs(value),
        })),
      })
      const read = await Promise.all(uuids.map((uuid) => go.result(uuid)))
      expect(read).toEqual([1n, BIG, 3n].map(goInt64))
      await waitFor(async () => (await server.queueStats()).inFlight === 0, WAIT)
    },
  },
  {
    area: AREA,
    direction: 'mixed',
    name: 'a chord of Go, whose callback TypeScript runs',
    run: async (interop) => {
      const { go, goQueue, options } = await onAmqp(interop)
      const server = await interop.startWorker(options)
      const gates = [interop.name('gate_0'), interop.name('gate_1')]
      const { uuids, callback } = await go.chord({
        signatures: gates.map((gate, index) => ({
          name: 'hold',
          queue: goQueue,
          args: goArgs(gate, BIG + BigInt(index)),
        })),
        callback: { name: 'add', queue: interop.tsQueue, args: goArgs(1n) },
      })
      // One after the other: of two members that end together, Go may delete what the other one reads.
      for (const [index, gate] of gates.entries()) {
        await go.open(gate)
        await server.result(uuids[index] ?? '').get(WAIT)
      }
      expect(await server.result(callback).get(WAIT)).toBe(2n * BIG + 2n)
    },
  },
]

/** Go's result backend on AMQP: a queue for each task, from which a reader of Go takes the states. */
export const AMQP_RESULT_CELLS: readonly Cell[] = [...SINGLE_CELLS, ...GROUP_CELLS]
