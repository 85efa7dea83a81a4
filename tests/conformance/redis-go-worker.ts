import { randomBytes } from 'node:crypto'

import type { Redis } from 'ioredis'

/** What a worker in Go reads of a message. */
interface Signature {
  readonly UUID: string
  readonly Name: string
  readonly GroupUUID?: string
  readonly GroupTaskCount?: number
  readonly ChordCallback?: Signature
  readonly RoutingKey?: string
  readonly Immutable?: boolean
  readonly Args?: readonly GoValue[]
}

interface GoValue {
  readonly Name?: string
  readonly Type: string
  readonly Value: unknown
}

interface State {
  readonly TaskUUID: string
  readonly TaskName: string
  readonly State: string
  readonly Results: readonly GoValue[] | null
  readonly CreatedAt: string
}

interface GroupMeta {
  readonly TaskUUIDs: readonly string[]
  readonly ChordTriggered: boolean
}

/** How a task ended: one result, or an error. */
export type GoEnd = { readonly result: number } | { readonly error: string }

/** `step`: one command comes next. `blocked`: the mutex is held by another. */
export type GoPoint = 'step' | 'blocked'

const EXPIRES_S = 3_600
const MUTEX = 'TriggerChordMutex'
const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end`

/** The commands that a worker in Go sends for one message, one by one (go-brokers-backends 4.0, 4.1, 7.1, 7.4). */
export async function* goSteps(
  redis: Redis,
  message: string,
  end: GoEnd,
): AsyncGenerator<GoPoint, boolean, void> {
  const signature = JSON.parse(message) as Signature
  const { UUID, GroupUUID = '', GroupTaskCount = 0, ChordCallback } = signature
  for (const name of ['RECEIVED', 'STARTED']) yield* setState(redis, UUID, name, null, '')
  if ('error' in end) {
    yield* setState(redis, UUID, 'FAILURE', null, end.error)
    return false
  }
  yield* setState(redis, UUID, 'SUCCESS', [{ Type: 'int64', Value: end.result }], '')
  if (GroupUUID === '' || ChordCallback === undefined) return false
  const states = yield* groupStates(redis, GroupUUID)
  const completed = states.filter(({ State }) => State === 'SUCCESS' || State === 'FAILURE')
  if (completed.length !== GroupTaskCount) return false
  if (!(yield* triggerChord(redis, GroupUUID))) return false
  const final = yield* groupStates(redis, GroupUUID)
  if (final.some(({ State }) => State !== 'SUCCESS')) return false
  const results = final.flatMap(({ Results }) => Results ?? [])
  const { Immutable = false, Args = [], RoutingKey = '' } = ChordCallback
  const args = Immutable ? Args : [...Args, ...results.map((value) => ({ Name: '', ...value }))]
  yield 'step'
  await redis.set(
    ChordCallback.UUID,
    stateText(ChordCallback.UUID, ChordCallback.Name, 'PENDING', null, '', new Date().toISOString()),
    'EX',
    EXPIRES_S,
  )
  yield 'step'
  await redis.rpush(RoutingKey, JSON.stringify({ ...ChordCallback, Args: args }))
  return true
}

/** Runs a message as a worker in Go does. Answers whether it published the callback. */
export async function runInGo(redis: Redis, message: string, end: GoEnd): Promise<boolean> {
  const steps = goSteps(redis, message, end)
  for (;;) {
    const { done, value } = await steps.next()
    if (done === true) return value
  }
}

async function* setState(
  redis: Redis,
  uuid: string,
  state: string,
  results: readonly GoValue[] | null,
  error: string,
): AsyncGenerator<GoPoint, void, void> {
  yield 'step'
  const stored = await redis.get(uuid)
  const { TaskName = '', CreatedAt = '0001-01-01T00:00:00Z' } =
    stored === null ? {} : (JSON.parse(stored) as Partial<State>)
  yield 'step'
  await redis.set(uuid, stateText(uuid, TaskName, state, results, error, CreatedAt), 'EX', EXPIRES_S)
}

function stateText(
  uuid: string,
  name: string,
  state: string,
  results: readonly GoValue[] | null,
  error: string,
  createdAt: string,
): string {
  const fields = { TaskUUID: uuid, TaskName: name, State: state, Results: results, Error: error }
  return JSON.stringify({ ...fields, CreatedAt: createdAt, TTL: 0 })
}

async function* groupMeta(redis: Redis, group: string): AsyncGenerator<GoPoint, GroupMeta, void> {
  yield 'step'
  const text = await redis.get(group)
  if (text === null) throw new Error('redigo: nil returned')
  return JSON.parse(text) as GroupMeta
}

async function* groupStates(redis: Redis, group: string): AsyncGenerator<GoPoint, readonly State[], void> {
  const { TaskUUIDs } = yield* groupMeta(redis, group)
  yield 'step'
  const texts = await redis.mget([...TaskUUIDs])
  return texts.map((text) => {
    if (text === null) throw new Error('Expected byte array, instead got: <nil>')
    return JSON.parse(text) as State
  })
}

async function* triggerChord(redis: Redis, group: string): AsyncGenerator<GoPoint, boolean, void> {
  const value = randomBytes(16).toString('base64')
  yield 'step'
  while ((await redis.set(MUTEX, value, 'PX', 8_000, 'NX')) === null) yield 'blocked'
  const meta = yield* groupMeta(redis, group)
  if (!meta.ChordTriggered) {
    yield 'step'
    await redis.set(group, JSON.stringify({ ...meta, ChordTriggered: true }), 'EX', EXPIRES_S)
  }
  yield 'step'
  await redis.eval(UNLOCK, 1, MUTEX, value)
  return !meta.ChordTriggered
}
