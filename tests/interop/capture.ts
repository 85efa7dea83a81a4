import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Redis } from 'ioredis'

import { service } from '../support/service-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { captureAmqp } from './capture-amqp.ts'
import { goArgs } from './cells/go-values.ts'
import { startGoProgram, type GoProgram, type GoSignature } from './go-program.ts'
import { echoName, goldenUuid, TYPED_SAMPLES } from './typed-samples.ts'

// Writes down what Go Machinery stores, byte for byte: `node tests/interop/capture.ts`. One document per line.

const FOLDER = join(import.meta.dirname, 'golden')
const DELAYED_KEY = 'delayed_golden'
const HELD_QUEUE = 'golden_held'
const WORKED_QUEUE = 'golden_worked'
const HOUR_MS = 3_600_000
const WAIT = { timeoutMs: 10_000 }

const OPTIONS: GoSignature = {
  name: 'add',
  uuid: 'golden_options',
  args: goArgs(1n),
  headers: { z: '<last>', a: 'first' },
  priority: 255,
  immutable: true,
  retryCount: 3,
  onSuccess: [{ name: 'add', uuid: 'golden_on_success', args: goArgs(2n) }],
  onError: [{ name: 'remember', uuid: 'golden_on_error' }],
}

/** Messages of every shape, in the order in which they are sent. */
async function captureMessages(go: GoProgram, redis: Redis): Promise<readonly string[]> {
  for (const { type, samples } of TYPED_SAMPLES) {
    const values = samples.map(({ text }) => ({ type, value: text as string | null }))
    const args = type.startsWith('[]') ? [...values, { type, value: null }] : values
    await go.send({ name: echoName(type), uuid: goldenUuid(type), queue: HELD_QUEUE, args })
  }
  await go.send({ name: 'nothing', uuid: 'golden_nothing', queue: HELD_QUEUE })
  await go.send({ ...OPTIONS, queue: HELD_QUEUE })
  await go.chain([
    { name: 'add', uuid: 'golden_first', queue: HELD_QUEUE, args: goArgs(1n) },
    { name: 'multiply', uuid: 'golden_second', args: goArgs(2n) },
    { name: 'add', uuid: 'golden_third' },
  ])
  const member = (uuid: string): GoSignature => ({ name: 'add', uuid, queue: HELD_QUEUE, args: goArgs(1n) })
  // One at a time: Go publishes members in any order.
  await go.group({ groupUuid: 'golden_group_1', signatures: [member('golden_alone')] })
  await go.chord({
    groupUuid: 'golden_group_2',
    signatures: [member('golden_member')],
    callback: { name: 'multiply', uuid: 'golden_callback', queue: HELD_QUEUE, args: goArgs(7n) },
  })
  const waiting = await redis.lrange(HELD_QUEUE, 0, -1)
  await go.send(
    { name: 'add', uuid: 'golden_delayed', queue: HELD_QUEUE, args: goArgs(1n), delayMs: HOUR_MS },
    DELAYED_KEY,
  )
  await go.send({ ...failing('golden_retried'), queue: WORKED_QUEUE, retryCount: 5 })
  const delayed = await waitFor(async () => {
    const members = await redis.zrange(DELAYED_KEY, '0', '-1')
    return members.length === 2 ? members : undefined
  }, WAIT)
  return [...waiting, ...delayed]
}

/** A signature whose state is looked at by its UUID. */
type KnownSignature = GoSignature & { readonly uuid: string }

const failing = (uuid: string): KnownSignature => ({ name: 'fail', uuid, args: goArgs('boom <&> ☃') })

/** States of every kind, with results of every type. */
async function captureStates(go: GoProgram, redis: Redis): Promise<readonly string[]> {
  const states: string[] = []
  const keep = async (uuid: string): Promise<void> => void states.push((await redis.get(uuid)) ?? '')
  await keep('golden_nothing')
  await keep('golden_retried')
  const held = { name: 'hold', uuid: 'golden_started', queue: WORKED_QUEUE, args: goArgs('golden', 1n) }
  await go.send(held)
  await waitFor(async () => (await go.state(held.uuid)).State === 'STARTED', WAIT)
  await keep(held.uuid)
  await go.open('golden')
  const work = async (signature: KnownSignature): Promise<void> => {
    await go.send({ ...signature, queue: WORKED_QUEUE })
    await waitFor(async () => /SUCCESS|FAILURE/.test((await go.state(signature.uuid)).State), WAIT)
    await keep(signature.uuid)
  }
  for (const { type, samples } of TYPED_SAMPLES) {
    for (const [index, { text }] of samples.entries()) {
      const args = [{ type, value: text }]
      await work({ name: echoName(type), uuid: goldenUuid(type, index), args })
    }
  }
  await work({ name: 'several', uuid: 'golden_several', args: goArgs(1n) })
  await work({ name: 'nothing', uuid: 'golden_no_result' })
  await work({ name: 'foreign', uuid: 'golden_foreign' })
  await work(failing('golden_failed'))
  return states
}

/** A group before its chord was triggered, and after. */
async function captureGroups(go: GoProgram, redis: Redis): Promise<readonly string[]> {
  const groupUuid = 'golden_group_3'
  const signatures = ['golden_gate_a', 'golden_gate_b'].map((gate) => ({
    name: 'hold',
    uuid: `${gate}_member`,
    queue: WORKED_QUEUE,
    args: goArgs(gate, 1n),
  }))
  const callback = { name: 'add', uuid: 'golden_group_callback', queue: WORKED_QUEUE }
  await go.chord({ groupUuid, signatures, callback })
  const before = (await redis.get(groupUuid)) ?? ''
  await go.open('golden_gate_a')
  await go.open('golden_gate_b')
  await go.result(callback.uuid)
  return [before, (await redis.get(groupUuid)) ?? '']
}

function write(name: string, documents: readonly string[]): void {
  writeFileSync(join(FOLDER, name), documents.map((document) => `${document}\n`).join(''))
}

const server = await service('redis')
const redis = new Redis(server.url)
const go = await startGoProgram({ broker: server.url, backend: server.url, lock: server.url })
try {
  await go.work({ queue: WORKED_QUEUE, delayedKey: DELAYED_KEY })
  write('messages.jsonl', await captureMessages(go, redis))
  write('states.jsonl', await captureStates(go, redis))
  write('groups.jsonl', await captureGroups(go, redis))
  const amqp = await captureAmqp()
  write('amqp.jsonl', amqp.documents)
  const [, version] = /redis_version:(\S+)/.exec(await redis.info('server')) ?? []
  write('versions.json', [
    JSON.stringify({ ...(await go.version()), rabbitmq: amqp.version, redis: version }, null, 2),
  ])
} finally {
  await go.stop()
  redis.disconnect()
  await server.stop()
}
