import type { Redis } from 'ioredis'

import { type AsyncResult, chord, createServer, group, task } from '../../src/index.ts'
import type { ServiceInTests } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { closing, openStore, rawClient } from './redis-fixture.ts'
import { runInGo, type GoEnd } from './redis-go-worker.ts'

/** What a member of a group is run by. */
export type Language = 'go' | 'ts'

/** A server and a worker in TypeScript whose members end when the test says so, and a queue of which Go takes. */
export interface Fleet {
  readonly raw: Redis
  readonly queues: Readonly<Record<Language | 'callback', string>>
  /** Sends a chord, or a group, whose members run where they are told. */
  send(members: readonly Language[], hasCallback?: boolean): Promise<SentGroup>
}

/** A chord or group that was sent. */
export interface SentGroup {
  readonly result: AsyncResult<unknown>
  /** Ends one member; resolves when its worker is done with it. */
  finish(index: number, error?: string): Promise<void>
}

/** Result of a member. */
export const valueOf = (index: number): number => 10 + index

export async function openFleet(service: ServiceInTests): Promise<Fleet> {
  const name = service.namespace()
  const raw = rawClient(service.url)
  const { broker, backend } = await openStore({ url: service.url, interop: 'go' })
  const queues = { go: `${name}-go`, ts: `${name}-ts`, callback: `${name}-callback` }
  const ends = new Map<number, (error: string | undefined) => void>()
  let sent = 0
  const member = task('member', async (key: number) => {
    const error = await new Promise<string | undefined>((resolve) => ends.set(key, resolve))
    if (error !== undefined) throw new Error(error)
    return valueOf(key % 10)
  })
  const total = task('total', (...values: number[]) => values.reduce((sum, value) => sum + value, 0))
  const server = await createServer({ broker, resultBackend: backend, tasks: [member, total] })
  closing(server)
  await server.startWorker({ queues: [queues.ts], concurrency: 10, noSignals: true })

  /** What the worker in TypeScript holds. */
  const heldCount = async (): Promise<number> => {
    const hashes = await raw.keys(`mq:{${queues.ts}}:i:*`)
    const counts = await Promise.all(hashes.map((key) => raw.hlen(key)))
    return counts.reduce((sum, count) => sum + Math.max(count - 1, 0), 0)
  }
  const send = async (members: readonly Language[], hasCallback = true): Promise<SentGroup> => {
    const run = 10 * sent++
    const parts = members.map((language, index) => member(run + index).with({ routingKey: queues[language] }))
    const result = await server.send(
      hasCallback ? chord(parts, total().with({ routingKey: queues.callback })) : group(parts),
    )
    const inGo = await raw.lrange(queues.go, 0, -1)
    await raw.del(queues.go)
    const messages = members.map((language) => (language === 'go' ? inGo.shift() : undefined))
    const started = members.flatMap((language, index) => (language === 'ts' ? [run + index] : []))
    await waitFor(() => started.every((key) => ends.has(key)))
    return {
      result,
      finish: async (index, error) => {
        const message = messages[index]
        if (message !== undefined) {
          const end: GoEnd = error === undefined ? { result: valueOf(index) } : { error }
          await runInGo(raw, message, end)
          return
        }
        ends.get(run + index)?.(error)
        ends.delete(run + index)
        await waitFor(async () => (await heldCount()) === ends.size)
      },
    }
  }
  return { raw, queues, send }
}

/** Takes the callbacks that were published. */
export async function takeCallbacks({ raw, queues }: Fleet): Promise<readonly unknown[]> {
  const bodies = await raw.lrange(queues.callback, 0, -1)
  await raw.del(queues.callback)
  return bodies.map((body) =>
    (JSON.parse(body) as { Args: readonly { Value: unknown }[] }).Args.map(({ Value }) => Value),
  )
}
