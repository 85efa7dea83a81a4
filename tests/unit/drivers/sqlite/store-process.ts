import type { Consumer, Delivery } from '../../../../src/core/ports/broker.ts'
import type { Logger } from '../../../../src/core/logger.ts'
import { sqliteStore } from '../../../../src/drivers/sqlite/index.ts'
import type { SqliteStoreOptions } from '../../../../src/drivers/sqlite/index.ts'
import type { Answer, Command } from './child-store.ts'

// A process that has the store of a test open, and does what the test tells it.

const logged: string[] = []
const log = (_: unknown, message: string): void => void logged.push(message)
const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }

const options = JSON.parse(process.argv[2] ?? '{}') as SqliteStoreOptions
const store = sqliteStore({ ...options, logger })
let consumer: Consumer | undefined
let held: readonly Delivery[] = []

const answer = (value: Answer): void => void process.send?.(value)

/** Named in what is logged. */
function computeForLong(ms: number): void {
  const end = performance.now() + ms
  let digits = 0
  while (performance.now() < end) digits += JSON.stringify({ digits }).length
  if (digits === 0) throw new Error('it did not compute')
}

async function run(command: Command): Promise<unknown> {
  if (command.do === 'publish') {
    const message = { queue: 'queue', delayMs: 0, priority: 0, uuid: 'task_1', orderingKey: '' }
    return store.broker.publish(command.bodies.map((body) => ({ ...message, body: Buffer.from(body) })))
  }
  if (command.do === 'claim') {
    consumer ??= await store.broker.consume('queue', { maxUnsettled: 64, onLost: () => {} })
    held = await consumer.claim(command.want, new AbortController().signal)
    return held.length
  }
  if (command.do === 'block') return computeForLong(command.ms)
  if (command.do === 'extend') {
    const ids = held.map(({ id }) => id)
    return consumer?.extend?.(ids, command.ms)
  }
  if (command.do === 'ack') return consumer?.settle(held.map(({ id }) => ({ id, kind: 'ack' })))
  if (command.do === 'commit') {
    const write = { uuid: command.uuid, taskName: 'add', token: '', state: 'SUCCESS', error: '' } as const
    return store.backend.tasks.commit([{ ...write, results: [], expiresInMs: 60_000 }])
  }
  if (command.do === 'logged') return logged
  return store.close()
}

process.on('message', (command: Command) => {
  run(command).then(
    (value) => {
      answer({ value })
      // Nothing else may keep a process whose store is closed.
      if (command.do === 'close') process.disconnect()
    },
    (error: unknown) => answer({ error: String(error) }),
  )
})
answer({ value: 'open' })
