import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

import { MachineryError } from '../../core/errors.ts'
import { redactUrl } from '../../core/redact-url.ts'
import type { AmqpSettings } from './amqp-options.ts'

/** What the management plugin of RabbitMQ tells (https://www.rabbitmq.com/docs/http-api-reference). */
export interface AmqpManagement {
  /** Names of the task queues of the virtual host, without those of the driver. */
  queueNames(): Promise<readonly string[]>
  /** Messages of a queue that consumers hold, as of some seconds ago; undefined when it is not there. */
  unacknowledged(queue: string): Promise<number | undefined>
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
      const rows = await get(`queues/${host}?columns=name`)
      const names = Array.isArray(rows)
        ? rows.map((row: { readonly name?: unknown }) => String(row.name))
        : []
      return names.filter((queue) => !/^(mq|amq|delay)\./.test(queue) && !queue.endsWith('.dead'))
    },
    async unacknowledged(queue) {
      const row = await get(`queues/${host}/${encodeURIComponent(queue)}?columns=messages_unacknowledged`)
      if (typeof row !== 'object' || row === null) return undefined
      const count = (row as Record<string, unknown>)['messages_unacknowledged']
      return typeof count === 'number' ? count : undefined
    },
  }
}
