import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { buildGoProgram } from './go-build.ts'

/** Enough for an error with its stack. */
const LAST_WORDS = 4_000

/** An argument or result of a task. `value` is its JSON text; null stands for a nil slice. */
export interface GoValue {
  readonly type: string
  readonly value: string | null
}

/** A signature that Go makes. */
export interface GoSignature {
  readonly name: string
  readonly uuid?: string
  readonly queue?: string
  readonly args?: readonly GoValue[]
  readonly headers?: Readonly<Record<string, string>>
  readonly priority?: number
  readonly immutable?: boolean
  readonly retryCount?: number
  readonly delayMs?: number
  readonly onSuccess?: readonly GoSignature[]
  readonly onError?: readonly GoSignature[]
}

/** What Go sent. */
export interface GoSent {
  readonly groupUuid: string
  readonly uuids: readonly string[]
  readonly callback: string
}

/** A state as Go reads it. */
export interface GoState {
  readonly TaskUUID: string
  readonly TaskName: string
  readonly State: string
  readonly Error: string
  readonly CreatedAt: string
}

/** A message as Go reads it. */
export interface GoMessage {
  readonly UUID: string
  readonly Name: string
  readonly RoutingKey: string
  readonly Args: readonly { readonly Type: string; readonly Value: unknown }[] | null
  readonly ETA: string | null
}

/** Members of a group, and its callback for a chord. */
export interface GoGroup {
  readonly groupUuid?: string
  readonly signatures: readonly GoSignature[]
}

/** Where a Go program finds messages, states and locks. */
export interface GoSettings {
  readonly broker: string
  readonly backend: string
  readonly lock?: string
  /** Of Redis; Machinery has two. @default 'redigo' */
  readonly client?: 'redigo' | 'go-redis'
  /** Where it sends what names no queue. @default 'machinery_tasks' */
  readonly queue?: string
  /** On AMQP. @default 'machinery_exchange' */
  readonly exchange?: string
  /** On AMQP. @default 'direct' */
  readonly exchangeType?: 'direct' | 'topic'
  /** Of every queue of its workers, on AMQP. @default the name of the queue */
  readonly bindingKey?: string
  /** The file of the run log, for `produce` and the task `fault_work`. */
  readonly runLog?: string
}

/** A process of Go Machinery. All operations reject with the text of Go's error. */
export interface GoProgram {
  version(): Promise<Readonly<Record<string, string>>>
  /** Starts a worker that works until the program ends, and moves what is delayed under `delayedKey`. */
  work(worker: {
    readonly queue: string
    readonly concurrency?: number
    readonly delayedKey?: string
  }): Promise<void>
  /** Lets tasks `hold` at this gate pass. */
  open(gate: string): Promise<void>
  send(signature: GoSignature, delayedKey?: string): Promise<string>
  chain(signatures: readonly GoSignature[]): Promise<GoSent>
  group(group: GoGroup): Promise<GoSent>
  chord(chord: GoGroup & { readonly callback: GoSignature }): Promise<GoSent>
  /** Sends as many tasks, and tells so in the run log. */
  produce(count: number, signature: GoSignature): Promise<void>
  /** Waits as Go's AsyncResult does. */
  result(uuid: string, timeoutMs?: number): Promise<readonly GoValue[]>
  state(uuid: string): Promise<GoState>
  groupCompleted(groupUuid: string, count: number): Promise<boolean>
  groupStates(groupUuid: string, count: number): Promise<readonly GoState[]>
  pending(queue: string): Promise<readonly GoMessage[]>
  delayed(delayedKey: string): Promise<readonly GoMessage[]>
  /** Sends it at every tick until the program ends. */
  periodic(name: string, cron: string, signature: GoSignature): Promise<void>
  lockName(name: string, cron: string): Promise<string>
  /** Takes the lock. */
  lock(key: string, untilNs: bigint): Promise<void>
  /** The end of what it wrote to stderr. */
  readonly lastWords: string
  /** Ends it. Idempotent. */
  stop(): Promise<void>
}

interface Answer {
  readonly id: number
  readonly result: unknown
  readonly error?: string
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

const RESULT_WITHIN_MS = 10_000

/** Builds and starts a Go program. */
export async function startGoProgram(settings: GoSettings): Promise<GoProgram> {
  const child = spawn(await buildGoProgram(), flags(settings), { stdio: ['pipe', 'pipe', 'pipe'] })
  const waiting = new Map<number, Waiting>()
  let lastWords = ''
  let sent = 0
  child.stderr.on('data', (chunk) => (lastWords = (lastWords + String(chunk)).slice(-LAST_WORDS)))
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`the Go program ended:\n${lastWords}`))
    waiting.clear()
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line) as Answer
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) asked?.resolve(result)
    else asked?.reject(new Error(error))
  })

  const request = <T>(op: string, fields: string | object = {}): Promise<T> => {
    const id = ++sent
    const rest = typeof fields === 'string' ? fields : JSON.stringify(fields).slice(1, -1)
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve: (result) => resolve(result as T), reject })
      child.stdin.write(`{"id":${id},"op":"${op}"${rest === '' ? '' : ','}${rest}}\n`)
    })
  }

  return {
    version: () => request('version'),
    work: ({ queue, concurrency = 8, delayedKey = '' }) =>
      request('work', { queue, concurrency, delayedKey }),
    open: (name) => request('open', { name }),
    send: async (signature, delayedKey = '') => {
      const { uuids } = await request<GoSent>('send', { signature, delayedKey })
      return uuids[0] ?? ''
    },
    chain: (signatures) => request('chain', { signatures }),
    group: (group) => request('group', group),
    chord: (chord) => request('chord', chord),
    produce: (count, signature) => request('produce', { count, signature }),
    result: (uuid, timeoutMs = RESULT_WITHIN_MS) => request('result', { uuid, timeoutMs }),
    state: (uuid) => request('state', { uuid }),
    groupCompleted: (groupUuid, count) => request('groupCompleted', { groupUuid, count }),
    groupStates: (groupUuid, count) => request('groupStates', { groupUuid, count }),
    pending: (queue) => request('pending', { queue }),
    delayed: (delayedKey) => request('delayed', { delayedKey }),
    periodic: (name, cron, signature) => request('periodic', { name, cron, signature }),
    lockName: (name, cron) => request('lockName', { name, cron }),
    // More digits than a number of JavaScript has.
    lock: (key, untilNs) => request('lock', `"key":${JSON.stringify(key)},"untilNs":${untilNs}`),
    get lastWords() {
      return lastWords
    },
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}

function flags(settings: GoSettings): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => [
    `-${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ])
}
