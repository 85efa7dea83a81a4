import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach } from 'vitest'

import type {
  Broker,
  Consumer,
  ConsumeOptions,
  Delivery,
  Outgoing,
} from '../../../../src/core/ports/broker.ts'

const directory = mkdtempSync(join(tmpdir(), 'machinery-sqlite-unit-'))
afterAll(() => rmSync(directory, { recursive: true }))

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

let files = 0

/** A path at which there is no file yet. */
export const newPath = (): string => join(directory, `${process.pid}-${files++}.db`)

/** Closes it after the test. */
export function closing<T extends { close(): Promise<void> }>(resource: T): T {
  closers.push(() => resource.close())
  return resource
}

export const outgoing = (body: string | Uint8Array, changes: Partial<Outgoing> = {}): Outgoing => ({
  queue: 'queue',
  body: typeof body === 'string' ? Buffer.from(body) : body,
  delayMs: 0,
  priority: 0,
  uuid: 'task_1',
  orderingKey: '',
  ...changes,
})

export const consume = (broker: Broker, options: Partial<ConsumeOptions> = {}): Promise<Consumer> =>
  broker.consume('queue', { maxUnsettled: 64, onLost: () => {}, ...options })

export const claim = (consumer: Consumer, want: number): Promise<readonly Delivery[]> =>
  consumer.claim(want, new AbortController().signal)

export const texts = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ body }) => Buffer.from(body).toString())

/** Runs the chores once. */
export async function runChores(broker: Broker): Promise<void> {
  for (const chore of broker.chores) await chore.run(new AbortController().signal)
}
