import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

import { MachineryError } from '../../core/errors.ts'
import { redactUrl } from '../../core/redact-url.ts'
import type { AmqpTable } from './amqp-client.ts'
import type { AmqpSettings } from './amqp-options.ts'

/** What the management plugin of RabbitMQ tells (https://www.rabbitmq.com/docs/http-api-reference). */
export interface AmqpManagement {
  /** Names of the task queues of the virtual host, without those of the driver. */
  queueNames(): Promise<readonly string[]>
  /** Messages of a queue that consumers hold, as of some seconds ago; undefined when it is not there. */
  unacknowledged(queue: string): Promise<number | undefined>
  /** A queue as of some seconds ago; undefined when it is not there. */
  queue(queue: string): Promise<QueueRow | undefined>
  /** Of queues to an exchange. */
  bindings(exchange: string): Promise<readonly Binding[]>
  /** The nodes of the server. */
  nodes(): Promise<readonly NodeRow[]>
}

/** What sends messages from an exchange to a queue. */
export interface Binding {
  readonly queue: string
  readonly key: string
}

/** What is kept of a queue. */
export interface QueueRow {
  /** What it was declared with. */
  readonly args: AmqpTable
  /** What the policies for it say, put together. */
  readonly policy: AmqpTable
  readonly state: string | undefined
}

/** What is kept of a node. */
export interface NodeRow {
  readonly name: string
  readonly isRunning: boolean
  readonly hasMemoryAlarm: boolean
  readonly hasDiskAlarm: boolean
  /** Names of nodes that it does not see any more. */
  readonly partitions: readonly string[]
}

const MOST_BYTES = 67_108_864

/** @param vhost name of the virtual host, decoded */
export function amqpManagement(url: string, vhost: string, settings: AmqpSettings): AmqpManagement {
  const { operationTimeoutMs, clock } = settings
  const root = new URL(url)
  const name = redactUrl(url)
  const auth = `${decodeURIComponent(root.username)}:${decodeURIComponent(root.password)}`

  const get = (path: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const fail = (text: string, cause?: unknown): void =>
        reject(new MachineryError('ERR_CONNECTION_LOST', `${name}: ${text}`, { cause }))
      const request = root.protocol === 'https:' ? httpsRequest : httpRequest
      const target = new URL(`${root.pathname.replace(/\/$/, '')}/api/${path}`, root.origin)
      // Without an agent no connection is kept for later.
      const asking = request(target, { auth, agent: false }, (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          size += chunk.length
          if (size > MOST_BYTES) asking.destroy(new Error('the answer is too long'))
        })
        response.on('error', (error) => fail(error.message, error))
        response.on('end', () => {
          timer.cancel()
          if (response.statusCode === 404) return resolve(undefined)
          if (response.statusCode !== 200) return fail(`HTTP ${response.statusCode}`)
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString()))
          } catch (error) {
            fail('the answer is no JSON', error)
          }
        })
      })
      const timer = clock.setTimer(
        () => asking.destroy(new Error(`no answer within ${operationTimeoutMs} ms`)),
        operationTimeoutMs,
        true,
      )
      asking.on('error', (error) => {
        timer.cancel()
        fail(error.message, error)
      })
      asking.end()
    })

  const host = encodeURIComponent(vhost)
  return {
    async queueNames() {
      const names = rowsOf(await get(`queues/${host}?columns=name`)).map((row) => String(row['name']))
      return names.filter(isTaskQueue)
    },
    async unacknowledged(queue) {
      const row = await get(`queues/${host}/${encodeURIComponent(queue)}?columns=messages_unacknowledged`)
      if (typeof row !== 'object' || row === null) return undefined
      const count = (row as Record<string, unknown>)['messages_unacknowledged']
      return typeof count === 'number' ? count : undefined
    },
    async queue(queue) {
      const columns = 'arguments,effective_policy_definition,state'
      const row = await get(`queues/${host}/${encodeURIComponent(queue)}?columns=${columns}`)
      if (!isTable(row)) return undefined
      const { arguments: args, effective_policy_definition: policy, state } = row
      return {
        args: isTable(args) ? args : {},
        policy: isTable(policy) ? policy : {},
        state: typeof state === 'string' ? state : undefined,
      }
    },
    async bindings(exchange) {
      const rows = rowsOf(await get(`exchanges/${host}/${encodeURIComponent(exchange)}/bindings/source`))
      return rows
        .filter((row) => row['destination_type'] === 'queue')
        .map(({ destination, routing_key: key }) => ({ queue: String(destination), key: String(key) }))
    },
    async nodes() {
      const columns = 'name,running,mem_alarm,disk_free_alarm,partitions'
      return rowsOf(await get(`nodes?columns=${columns}`)).map(nodeOf)
    },
  }
}

/** Whether a queue is neither one of the driver nor one of Go for a delay. */
export function isTaskQueue(queue: string): boolean {
  return !/^(mq|amq|delay)\./.test(queue) && !queue.endsWith('.dead')
}

function nodeOf(row: AmqpTable): NodeRow {
  const { partitions } = row
  return {
    name: String(row['name']),
    isRunning: row['running'] !== false,
    hasMemoryAlarm: row['mem_alarm'] === true,
    hasDiskAlarm: row['disk_free_alarm'] === true,
    partitions: Array.isArray(partitions) ? partitions.map(String) : [],
  }
}

function rowsOf(answer: unknown): readonly AmqpTable[] {
  return Array.isArray(answer) ? answer.filter(isTable) : []
}

function isTable(value: unknown): value is AmqpTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
