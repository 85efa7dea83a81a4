import { expect } from 'vitest'

import { chord, group, type Server } from '../../../src/index.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Cell } from '../cell.ts'
import { GO_CONCURRENCY, type Interop } from '../interop.ts'
import { add, concat, fail, hold } from '../tasks.ts'
import { BIG, goArgs, goInt64 } from './go-values.ts'

const GROUPS = 'groups with members in both languages'
const CHORDS = 'chords with members in both languages'
const WAIT = { timeoutMs: 10_000 }
const CHORDS_AT_ONCE = 20

type Language = 'Go' | 'TypeScript'

/** A task `hold` in a group, that ends when its gate is opened. */
interface Member {
  readonly language: Language
  readonly gate: string
  readonly uuid: string
  readonly value: bigint
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items]
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  )
}

/** The queue that workers of this language consume. */
const queueOf = ({ goQueue, tsQueue }: Interop, language: Language): string =>
  language === 'Go' ? goQueue : tsQueue

async function openGate({ go, gates }: Interop, { language, gate }: Member): Promise<void> {
  if (language === 'Go') await go.open(gate)
  else gates.open(gate)
}

const membersOf = (interop: Interop, languages: readonly Language[], part = ''): readonly Member[] =>
  languages.map((language, index) => ({
    language,
    gate: interop.name(`${part}gate_${index}`),
    uuid: interop.name(`${part}member_${index}`),
    value: BIG + BigInt(index),
  }))

/** Sends a chord of these members, whose callback goes to a queue that nobody consumes. Answers the callback's queue. */
async function sendChord(
  interop: Interop,
  server: Server,
  sender: Language,
  members: readonly Member[],
  part = '',
): Promise<string> {
  const callbackQueue = interop.name(`${part}callback`)
  if (sender === 'TypeScript') {
    const held = members.map(({ language, gate, uuid, value }) =>
      hold(gate, value).with({ uuid, routingKey: queueOf(interop, language) }),
    )
    await server.send(chord(held, add(1n).with({ routingKey: callbackQueue })))
  } else {
    const signatures = members.map(({ language, gate, uuid, value }) => ({
      name: 'hold',
      uuid,
      queue: queueOf(interop, language),
      args: goArgs(gate, value),
    }))
    await interop.go.chord({ signatures, callback: { name: 'add', queue: callbackQueue, args: goArgs(1n) } })
  }
  return callbackQueue
}

/** Nothing of the Go worker is under way any more: all that it runs at once are tasks that came after. */
async function untilGoIsDone({ go, goQueue, name }: Interop): Promise<void> {
  const gate = name('done')
  const uuids = await Promise.all(
    Array.from({ length: GO_CONCURRENCY }, () =>
      go.send({ name: 'hold', queue: goQueue, args: goArgs(gate, 0n) }),
    ),
  )
  await waitFor(async () => {
    const states = await Promise.all(uuids.map((uuid) => go.state(uuid)))
    return states.every(({ State }) => State === 'STARTED')
  }, WAIT)
  await go.open(gate)
}

/** The callback is there, and nothing is under way that could publish another. */
async function untilSettled(interop: Interop, server: Server, queues: readonly string[]): Promise<void> {
  for (const queue of queues)
    await waitFor(async () => (await server.getPendingTasks(queue)).length > 0, { timeoutMs: 30_000 })
  await untilGoIsDone(interop)
  await waitFor(async () => (await server.queueStats(interop.tsQueue)).inFlight === 0, WAIT)
}

/** The callback was published once, with the results in the order of the members. */
async function expectOneCallback(server: Server, queue: string, members: readonly Member[]): Promise<void> {
  const [callback, ...others] = await server.getPendingTasks(queue)
  expect(others).toEqual([])
  expect(callback?.args.map(({ value }) => value)).toEqual([
    '1',
    ...members.map(({ value }) => String(value)),
  ])
}

const inOrder = (sender: Language, languages: readonly Language[], order: readonly number[]): Cell => ({
  area: CHORDS,
  direction: 'mixed',
  name: `sent by ${sender}: ${order.map((index) => `${languages[index]} ${index + 1}`).join(', ')} end in this order`,
  run: async (interop) => {
    const server = await interop.startWorker()
    const members = membersOf(interop, languages)
    const callbackQueue = await sendChord(interop, server, sender, members)
    for (const index of order) {
      const member = members[index] as Member
      await openGate(interop, member)
      await waitFor(async () => (await server.result(member.uuid).state())?.state === 'SUCCESS', WAIT)
    }
    await untilSettled(interop, server, [callbackQueue])
    await expectOneCallback(server, callbackQueue, members)
  },
})

const MIXES: readonly (readonly Language[])[] = [
  ['Go', 'TypeScript', 'Go'],
  ['TypeScript', 'Go', 'TypeScript'],
]

/** Chords of three members, in every order of finishing. */
export const CHORD_ORDER_CELLS: readonly Cell[] = (['TypeScript', 'Go'] as const).flatMap((sender) =>
  MIXES.flatMap((languages) => permutations([0, 1, 2]).map((order) => inOrder(sender, languages, order))),
)

const atOnce = (sender: Language): Cell => ({
  area: CHORDS,
  direction: 'mixed',
  name: `sent by ${sender}: ${CHORDS_AT_ONCE} chords whose members end at the same time`,
  run: async (interop) => {
    const server = await interop.startWorker()
    const sent = Array.from({ length: CHORDS_AT_ONCE }, (_, index) => ({
      part: `${index}_`,
      members: membersOf(interop, ['Go', 'TypeScript'], `${index}_`),
    }))
    const queues = new Map<string, readonly Member[]>()
    await Promise.all(
      sent.map(async ({ part, members }) => {
        const queue = await sendChord(interop, server, sender, members, part)
        await waitFor(async () => {
          const states = await Promise.all(members.map(({ uuid }) => server.result(uuid).state()))
          return states.some((state) => state?.state === 'STARTED')
        }, WAIT)
        await Promise.all(members.map((member) => openGate(interop, member)))
        queues.set(queue, members)
      }),
    )
    await untilSettled(interop, server, [...queues.keys()])
    for (const [queue, members] of queues) await expectOneCallback(server, queue, members)
  },
})

const FAILURE_CELLS: readonly Cell[] = [
  {
    area: CHORDS,
    direction: 'mixed',
    name: 'a member fails in TypeScript: the callback fails, whoever ends last',
    run: async (interop) => {
      const { goQueue, tsQueue, startWorker } = interop
      const server = await startWorker()
      const [held] = membersOf(interop, ['Go']) as [Member]
      const sent = await server.send(
        chord(
          [
            hold(held.gate, 1n).with({ routingKey: goQueue }),
            fail('in TypeScript').with({ routingKey: tsQueue }),
          ],
          add().with({ routingKey: goQueue }),
        ),
      )
      await expect(sent.get(WAIT)).rejects.toThrow('in TypeScript')
      await openGate(interop, held)
      await untilGoIsDone(interop)
      expect(await sent.state()).toMatchObject({ state: 'FAILURE' })
    },
  },
  {
    area: CHORDS,
    direction: 'mixed',
    name: 'a member fails in Go before the last one ends in TypeScript: the callback fails',
    run: async (interop) => {
      const { goQueue, tsQueue, startWorker } = interop
      const server = await startWorker()
      const [held] = membersOf(interop, ['TypeScript']) as [Member]
      const failing = fail('in Go').with({ routingKey: goQueue })
      const sent = await server.send(
        chord(
          [hold(held.gate, 1n).with({ routingKey: tsQueue }), failing],
          add().with({ routingKey: goQueue }),
        ),
      )
      await expect(server.result(failing.uuid).get(WAIT)).rejects.toThrow('in Go')
      await openGate(interop, held)
      await expect(sent.get(WAIT)).rejects.toThrow('in Go')
    },
  },
]

const RUN_CELLS: readonly Cell[] = (['Go', 'TypeScript'] as const).flatMap((language): readonly Cell[] => [
  {
    area: CHORDS,
    direction: 'mixed',
    name: `sent by TypeScript, with the callback in ${language}`,
    run: async (interop) => {
      const { go, goQueue, tsQueue, startWorker } = interop
      const server = await startWorker()
      const sent = await server.send(
        chord(
          [concat('a').with({ routingKey: goQueue }), concat('b').with({ routingKey: tsQueue })],
          concat('x').with({ routingKey: queueOf(interop, language) }),
        ),
      )
      expect(await sent.get(WAIT)).toBe('xab')
      expect(await go.result(sent.uuid)).toEqual([{ type: 'string', value: '"xab"' }])
    },
  },
  {
    area: CHORDS,
    direction: 'mixed',
    name: `sent by Go, with the callback in ${language}`,
    run: async (interop) => {
      const { go, goQueue, tsQueue, startWorker } = interop
      const server = await startWorker()
      const { callback } = await go.chord({
        signatures: [
          { name: 'concat', queue: tsQueue, args: goArgs('a') },
          { name: 'concat', queue: goQueue, args: goArgs('b') },
        ],
        callback: { name: 'concat', queue: queueOf(interop, language), args: goArgs('x') },
      })
      expect(await go.result(callback)).toEqual([{ type: 'string', value: '"xab"' }])
      expect(await server.result(callback).get(WAIT)).toBe('xab')
    },
  },
])

const RESULT_CELLS: readonly Cell[] = [
  {
    area: GROUPS,
    direction: 'TypeScript → Go',
    name: 'sent by TypeScript: results in order, and Go sees its states',
    run: async ({ go, goQueue, tsQueue, startWorker }) => {
      const server = await startWorker()
      const members = [
        add(1n).with({ routingKey: goQueue }),
        add(BIG).with({ routingKey: tsQueue }),
        add(3n).with({ routingKey: goQueue }),
      ]
      const sent = await server.send(group(members))
      expect(await sent.get(WAIT)).toEqual([1n, BIG, 3n])
      const read = await Promise.all(members.map(({ uuid }) => go.result(uuid)))
      expect(read).toEqual([1n, BIG, 3n].map(goInt64))
    },
  },
  {
    area: GROUPS,
    direction: 'Go → TypeScript',
    name: 'sent by Go: both languages read results, and Go its completion',
    run: async ({ go, goQueue, tsQueue, startWorker }) => {
      const server = await startWorker()
      const { groupUuid, uuids } = await go.group({
        signatures: [
          { name: 'add', queue: tsQueue, args: goArgs(1n) },
          { name: 'add', queue: goQueue, args: goArgs(BIG) },
          { name: 'add', queue: tsQueue, args: goArgs(3n) },
        ],
      })
      const read = await Promise.all(uuids.map((uuid) => server.result(uuid).get(WAIT)))
      expect(read.map(String)).toEqual(['1', String(BIG), '3'])
      expect(await go.groupCompleted(groupUuid, 3)).toBe(true)
      const states = await go.groupStates(groupUuid, 3)
      expect(states.map(({ TaskUUID, State }) => [TaskUUID, State])).toEqual(
        uuids.map((uuid) => [uuid, 'SUCCESS']),
      )
    },
  },
]

/** Groups and chords of which both languages run members. */
export const GROUP_CELLS: readonly Cell[] = [
  ...RESULT_CELLS,
  ...RUN_CELLS,
  ...FAILURE_CELLS,
  atOnce('TypeScript'),
  atOnce('Go'),
]
