import { expect } from 'vitest'

import { bytes, chain, chord, contract, float32, group, int64, results, string } from '../../../src/index.ts'
import type { Cell } from '../cell.ts'
import { add, concat, multiply, nothing, remember, several, SEVERAL } from '../tasks.ts'
import { BIG, goArgs, goInt64 } from './go-values.ts'

const CHAINS = 'chains'
const TREES = 'nested workflows run by Go alone'
const WAIT = { timeoutMs: 10_000 }

const CHAIN_CELLS: readonly Cell[] = [
  {
    area: CHAINS,
    direction: 'mixed',
    name: 'sent by TypeScript: Go, TypeScript, Go, with integers above 2^53',
    run: async ({ go, goQueue, tsQueue, startWorker }) => {
      const server = await startWorker()
      const sent = await server.send(
        chain(
          add(BIG, 0n).with({ routingKey: goQueue }),
          add(2n).with({ routingKey: tsQueue }),
          multiply(3n).with({ routingKey: goQueue }),
        ),
      )
      expect(await go.result(sent.uuid)).toEqual(goInt64((BIG + 2n) * 3n))
      expect(await sent.get(WAIT)).toBe((BIG + 2n) * 3n)
    },
  },
  {
    area: CHAINS,
    direction: 'mixed',
    name: 'sent by Go: TypeScript, Go, TypeScript, with integers above 2^53',
    run: async ({ go, goQueue, tsQueue, startWorker }) => {
      const server = await startWorker()
      const { uuids } = await go.chain([
        { name: 'add', queue: tsQueue, args: goArgs(BIG, 0n) },
        { name: 'add', queue: goQueue, args: goArgs(2n) },
        { name: 'multiply', queue: tsQueue, args: goArgs(3n) },
      ])
      const last = uuids.at(-1) ?? ''
      expect(await go.result(last)).toEqual(goInt64((BIG + 2n) * 3n))
      expect(await server.result(last).get(WAIT)).toBe((BIG + 2n) * 3n)
    },
  },
  {
    area: CHAINS,
    direction: 'mixed',
    name: 'sent by Go: an immutable step passes nothing on',
    run: async ({ go, goQueue, tsQueue, startWorker }) => {
      await startWorker()
      const { uuids } = await go.chain([
        { name: 'concat', queue: tsQueue, args: goArgs('a'), immutable: true },
        { name: 'concat', queue: goQueue, args: goArgs('b'), immutable: true },
        { name: 'concat', queue: tsQueue, args: goArgs('c') },
      ])
      const read = await Promise.all(uuids.map((uuid) => go.result(uuid)))
      expect(read.map(([one]) => one?.value)).toEqual(['"a"', '"b"', '"c"'])
    },
  },
  {
    area: CHAINS,
    direction: 'mixed',
    name: 'several results, and none, become arguments in their order',
    run: async ({ go, goQueue, tsQueue, startWorker }) => {
      const take = contract('take', {
        args: [int64, string, bytes, float32],
        returns: [string, int64, int64],
      })
      const taken = take.implement((number, text, [first, ...others], float) => {
        expect([number, text, Uint8Array.of(first ?? 1, ...others), float]).toEqual(SEVERAL)
        return results('taken', 1, 2)
      })
      const server = await startWorker({ tasks: [taken] })
      const sent = await server.send(
        chain(
          nothing().with({ routingKey: goQueue }),
          several(SEVERAL[0]).with({ routingKey: goQueue }),
          take().with({ routingKey: tsQueue }),
          remember().with({ routingKey: goQueue }),
        ),
      )
      expect(await go.result(sent.uuid)).toEqual([{ type: 'string', value: '"taken [1 2]"' }])
    },
  },
  {
    area: CHAINS,
    direction: 'mixed',
    name: 'a failed step ends it: what comes after never begins',
    run: async ({ go, goQueue, tsQueue, name, startWorker }) => {
      const server = await startWorker()
      const { uuids } = await go.chain([
        { name: 'fail', queue: tsQueue, args: goArgs('first') },
        { name: 'remember', uuid: name('second'), queue: goQueue, args: goArgs('never') },
      ])
      await expect(server.result(uuids[0] ?? '').get(WAIT)).rejects.toThrow('first')
      await expect(server.result(uuids[1] ?? '').get(WAIT)).rejects.toThrow('upstream')
    },
  },
]

const TREE_CELLS: readonly Cell[] = [
  {
    area: TREES,
    direction: 'TypeScript → Go',
    name: 'a group',
    run: async ({ goQueue, openServer }) => {
      const server = await openServer({ defaultQueue: goQueue })
      const sent = await server.send(group([add(1n, 1n), multiply(2n, 3n), add(BIG)]))
      expect(await sent.get(WAIT)).toEqual([2n, 6n, BIG])
    },
  },
  {
    area: TREES,
    direction: 'TypeScript → Go',
    name: 'a chord',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer({ defaultQueue: goQueue })
      const sent = await server.send(chord([concat('a'), concat('b'), concat('c')], concat('x')))
      await go.result(sent.uuid)
      expect(await sent.get(WAIT)).toBe('xabc')
    },
  },
  {
    area: TREES,
    direction: 'TypeScript → Go',
    name: 'chains in a chord in a chain',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer({ defaultQueue: goQueue })
      const sent = await server.send(
        chain(
          add(1n, 2n),
          group([chain(add(10n), multiply(2n)), add(BIG), chain(multiply(5n), add(1n))]),
          add(),
          multiply(2n),
        ),
      )
      await go.result(sent.uuid)
      expect(await sent.get(WAIT)).toBe(((3n + 10n) * 2n + (3n + BIG) + (3n * 5n + 1n)) * 2n)
    },
  },
  {
    area: TREES,
    direction: 'TypeScript → Go',
    name: 'a chord in a chord, and a group in a group',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer({ defaultQueue: goQueue })
      const sent = await server.send(
        chord([chord([add(1n), add(2n)], multiply(10n)), group([add(3n), add(4n)]), add(5n)], add()),
      )
      await go.result(sent.uuid)
      expect(await sent.get(WAIT)).toBe(10n * 1n * 2n + 3n + 4n + 5n)
    },
  },
]

/** Steps one after the other in both languages, and trees in one. */
export const CHAIN_AND_TREE_CELLS: readonly Cell[] = [...CHAIN_CELLS, ...TREE_CELLS]
