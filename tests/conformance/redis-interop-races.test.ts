import type { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'

import type { Backend, GroupStates, TaskStates } from '../../src/core/ports/backend.ts'
import { redisStore } from '../../src/drivers/redis/index.ts'
import {
  CREATED_AT,
  commitWrite,
  groupFinish,
  groupInit,
  pendingWrite,
} from '../../src/testing/backend-harness.ts'
import { assertCode } from '../../src/testing/assert-code.ts'
import { describeService, type ServiceInTests } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { closing, openStore, rawClient } from './redis-fixture.ts'
import { goSteps, runInGo, type GoPoint } from './redis-go-worker.ts'
import { type CommandWatch, watchedClient } from './redis-watched-client.ts'

const MUTEX = 'TriggerChordMutex'

/** One chord: its members, and what a worker in Go reads of the message of each. */
function newChord(name: string, size: number) {
  const group = `group_${name}`
  const members = Array.from({ length: size }, (_, index) => `task_${name}-${index}`)
  const callback = { UUID: `chord_${name}`, Name: 'total', RoutingKey: `${name}-callback` }
  const message = (uuid: string): string =>
    JSON.stringify({
      UUID: uuid,
      Name: 'add',
      GroupUUID: group,
      GroupTaskCount: size,
      ChordCallback: callback,
    })
  return { group, members, size, callback, message }
}

type Chord = ReturnType<typeof newChord>

interface Ports {
  readonly tasks: TaskStates
  readonly groups: GroupStates
}

/** Group and members, as a send stores them. */
async function store({ tasks, groups }: Ports, { group, members }: Chord): Promise<void> {
  await groups.init([groupInit(group, members)])
  await tasks.pending(members.map((member) => pendingWrite(member)))
}

const ended = (chord: Chord, member: string) =>
  groupFinish(chord.group, member, chord.size, {
    outcome: { state: 'SUCCESS', results: [{ type: 'int64', value: '2' }] },
  })

/** The end of a member as a worker in TypeScript does it: the commit, the count, and the callback if it is its turn. */
async function finishInTs({ tasks, groups }: Ports, raw: Redis, chord: Chord, member: string) {
  await tasks.commit([commitWrite(member, 'any')])
  const [outcome] = await groups.finish([ended(chord, member)])
  if (outcome !== 'trigger') return outcome
  const [state] = await groups.get([chord.group])
  const known = [...(state?.members.keys() ?? [])]
  expect(known.toSorted(), 'results of all members are there').toEqual(chord.members.toSorted())
  const [pending] = await tasks.pending([pendingWrite(chord.callback.UUID)])
  if (pending !== 'exists') await raw.rpush(chord.callback.RoutingKey, 'from TypeScript')
  await groups.triggered([chord.group])
  return outcome
}

/** A backend for mixed groups, of which every command passes `before`, and its answer `after`. */
async function openWatched(
  service: ServiceInTests,
  before: NonNullable<CommandWatch['before']>,
  after: NonNullable<CommandWatch['after']> = () => {},
): Promise<Backend> {
  const client = watchedClient(service.url, { before, after })
  return closing(await redisStore({ interop: 'go', client })).backend
}

/** Where one of two workers stands still while the other goes on. */
interface Interleaving {
  /** Commands that the worker in TypeScript sends before it stands still. */
  readonly atTs: number
  /** Commands that the worker in Go sends meanwhile. */
  readonly atGo: number
}

/** Runs the last two members at once. Answers how many commands each sent. */
async function race(service: ServiceInTests, raw: Redis, chord: Chord, { atTs, atGo }: Interleaving) {
  const [inGo = '', inTs = ''] = chord.members
  const steps = goSteps(raw, chord.message(inGo), { result: 1 })
  let goCommands = 0
  let isGoDone = false
  let going: Promise<void> = Promise.resolve()
  /** Until it has sent so many, or waits for the mutex, which only the other can give up. */
  const runGo = (until: number): Promise<void> => {
    going = going.then(async () => {
      let point: GoPoint | undefined
      while (!isGoDone && goCommands < until && point !== 'blocked') {
        const { done = false, value } = await steps.next()
        isGoDone = done
        point = done ? undefined : (value as GoPoint)
        if (point === 'step') goCommands++
      }
    })
    return going
  }
  let tsCommands = 0
  let isRacing = false
  const backend = await openWatched(
    service,
    async () => {
      if (isRacing && tsCommands++ === atTs) await runGo(atGo)
    },
    (command, answer) => {
      // Go holds the mutex and stands still: it goes on, as it would by itself.
      if (isRacing && command === 'set' && answer === null) void runGo(Infinity)
    },
  )
  await store(backend, chord)
  isRacing = true
  await finishInTs(backend, raw, chord, inTs)
  isRacing = false
  await waitFor(async () => {
    await runGo(Infinity)
    return isGoDone
  })
  return { tsCommands, goCommands }
}

await describeService('redis', (service) => {
  // Go's mutex has one name: what a dead worker of one test holds must not keep out those of the next.
  afterEach(async () => {
    await rawClient(service.url).del(MUTEX)
  })

  describe('the last members of a chord, in Go and in TypeScript at once', () => {
    it('call back once, whoever stands still between any two commands', async () => {
      const raw = rawClient(service.url)
      let [tsCommands, goCommands, runs] = [1, 1, 0]
      for (let atTs = 0; atTs < tsCommands; atTs++) {
        for (let atGo = 0; atGo <= goCommands; atGo++) {
          const chord = newChord(`${service.namespace()}-${atTs}-${atGo}`, 2)
          const counts = await race(service, raw, chord, { atTs, atGo })
          tsCommands = Math.max(tsCommands, counts.tsCommands)
          goCommands = Math.max(goCommands, counts.goCommands)
          runs++
          expect(await raw.llen(chord.callback.RoutingKey), `TypeScript at ${atTs}, Go at ${atGo}`).toBe(1)
          expect(await raw.get(chord.group)).toContain('"ChordTriggered":true')
          await raw.del(chord.callback.RoutingKey, chord.group, ...chord.members, chord.callback.UUID)
        }
      }
      expect(tsCommands).toBeGreaterThanOrEqual(8)
      expect(goCommands).toBeGreaterThanOrEqual(14)
      expect(runs).toBeGreaterThanOrEqual(8 * 14)
      await waitFor(async () => (await raw.exists(MUTEX)) === 0)
    })
  })

  describe('a worker in TypeScript that dies while it triggers', () => {
    it.each(['go', 'ts'] as const)(
      'leaves the chord to whoever gets its message again, in %s',
      async (by) => {
        const raw = rawClient(service.url)
        const { backend } = await openStore({ url: service.url, interop: 'go' })
        const chord = newChord(service.namespace(), 2)
        const [first = '', last = ''] = chord.members
        await store(backend, chord)
        await runInGo(raw, chord.message(first), { result: 1 })
        let isDead = false
        const dying = await openWatched(service, () => {
          if (isDead) throw new Error('it died')
        })
        await dying.tasks.commit([commitWrite(last, 'any')])
        expect(await dying.groups.finish([ended(chord, last)])).toEqual(['trigger'])
        isDead = true
        expect(await raw.get(chord.group), 'Go may trigger').toContain('"ChordTriggered":false')
        const again = async (): Promise<unknown> =>
          by === 'go'
            ? runInGo(raw, chord.message(last), { result: 1 })
            : finishInTs(backend, raw, chord, last).catch((error: { readonly code: string }) => error.code)
        const outcomes = new Set<unknown>()
        await waitFor(async () => {
          outcomes.add(await again())
          return outcomes.has(true) || outcomes.has('trigger')
        })
        outcomes.delete('ERR_STORE_BUSY')
        expect([...outcomes], 'triggered at once, or after the mutex was free').toEqual([
          by === 'go' ? true : 'trigger',
        ])
        expect(await raw.llen(chord.callback.RoutingKey)).toBe(1)
        expect(await raw.get(chord.group)).toContain('"ChordTriggered":true')
        await raw.del(chord.callback.RoutingKey)
      },
    )
  })

  it('Go is not kept waiting by a trigger that takes long, and does not trigger either', async () => {
    const raw = rawClient(service.url)
    const { backend } = await openStore({ url: service.url, interop: 'go' })
    const chord = newChord(service.namespace(), 2)
    const [inGo = '', inTs = ''] = chord.members
    await store(backend, chord)
    await runInGo(raw, chord.message(inGo), { result: 1 })
    await backend.tasks.commit([commitWrite(inTs, 'any')])
    expect(await backend.groups.finish([ended(chord, inTs)])).toEqual(['trigger'])
    await waitFor(async () => (await raw.exists(MUTEX)) === 0)
    expect(await runInGo(raw, chord.message(inGo), { result: 1 })).toBe(false)
    expect((await backend.groups.get([chord.group]))[0]?.triggered).toBe(false)
    const other = await openStore({ url: service.url, interop: 'go' })
    expect(await other.backend.groups.finish([ended(chord, inTs)]), 'its message came again').toEqual([
      'trigger',
    ])
    await backend.groups.triggered([chord.group])
    expect(await other.backend.groups.finish([ended(chord, inTs)])).toEqual(['done'])
  })

  it('the mutex of Go is refused when it stays with others, and the finish can be tried again', async () => {
    const raw = rawClient(service.url)
    const { backend } = await openStore({ url: service.url, interop: 'go' })
    const chord = newChord(service.namespace(), 1)
    const [only = ''] = chord.members
    await store(backend, chord)
    await raw.set(MUTEX, 'of Go', 'PX', 8_000)
    await assertCode(backend.groups.finish([ended(chord, only)]), 'ERR_STORE_BUSY')
    await raw.del(MUTEX)
    expect(await backend.groups.finish([ended(chord, only)])).toEqual(['trigger'])
    await backend.groups.triggered([chord.group])
    await waitFor(async () => (await raw.exists(MUTEX)) === 0)
  })

  it('a member that is redriven is looked at again, wherever it runs then', async () => {
    const raw = rawClient(service.url)
    const { backend } = await openStore({ url: service.url, interop: 'go' })
    const chord = newChord(service.namespace(), 3)
    const [first = '', second = '', inTs = ''] = chord.members
    const count = async (): Promise<unknown> => (await backend.groups.finish([ended(chord, inTs)]))[0]
    await store(backend, chord)
    await runInGo(raw, chord.message(first), { error: 'boom' })
    expect(await finishInTs(backend, raw, chord, inTs)).toBe('wait')
    await runInGo(raw, chord.message(second), { error: 'boom' })
    expect(await finishInTs(backend, raw, chord, inTs)).toBe('trigger')
    await raw.del(chord.callback.RoutingKey)
    for (const member of [first, second]) {
      expect(await backend.tasks.reopen([{ uuid: member, errorPrefix: '' }])).toEqual([true])
      await backend.groups.reopen(chord.group, member)
    }
    expect(await count()).toBe('wait')
    expect(await runInGo(raw, chord.message(first), { result: 1 })).toBe(false)
    expect(await count()).toBe('wait')
    expect(await runInGo(raw, chord.message(second), { result: 1 })).toBe(true)
    expect(await count()).toBe('done')
    await raw.del(chord.callback.RoutingKey)
  })

  it('looks at each state of a group of 400 about once, in few calls', async () => {
    const raw = rawClient(service.url)
    let [looks, calls] = [0, 0]
    const count = (command: string, _answer: unknown, args: readonly unknown[]): void => {
      calls++
      if (command === 'mget') looks += args.length
    }
    const backend = await openWatched(service, () => {}, count)
    const chord = newChord(service.namespace(), 400)
    await store(backend, chord)
    const state = (uuid: string): string =>
      `{"TaskUUID":"${uuid}","TaskName":"add","State":"SUCCESS","Results":[{"Type":"int64","Value":1}],"Error":"","CreatedAt":"${CREATED_AT}","TTL":0}`
    const inGo = chord.members.filter((_, index) => index % 2 === 0)
    const inTs = chord.members.filter((_, index) => index % 2 === 1)
    ;[looks, calls] = [0, 0]
    const outcomes: unknown[] = []
    for (const [index, member] of inTs.entries()) {
      const other = inGo[(index * 7) % inGo.length] ?? ''
      await raw.set(other, state(other), 'EX', 3_600)
      outcomes.push(...(await backend.groups.finish([ended(chord, member)])))
    }
    expect(outcomes.filter((outcome) => outcome !== 'wait')).toEqual(['trigger'])
    expect(outcomes.at(-1)).toBe('trigger')
    expect(looks).toBeLessThanOrEqual(inTs.length + 2 * inGo.length)
    expect(calls).toBeLessThanOrEqual(2 * inTs.length + 2 * inGo.length + 4)
    await backend.groups.triggered([chord.group])
  })
})
