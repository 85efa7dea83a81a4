import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connect, type Channel, type ChannelModel } from 'amqplib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { httpGet } from '../support/http-get.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { runCli, type CliEnd } from './cli-process.ts'

const durable = { durable: true, autoDelete: false } as const

await describeService('rabbitmq', (service) => {
  describe('a configuration of Go on RabbitMQ', () => {
    let folder = ''
    let connection: ChannelModel
    let channel: Channel
    let names = { exchange: '', queue: '', key: '' }

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'machinery-cli-amqp-'))
      connection = await connect(service.url)
      channel = await connection.createChannel()
      const test = service.namespace()
      names = { exchange: `${test}_exchange`, queue: `${test}_tasks`, key: `${test}_task` }
    })
    afterEach(async () => {
      await connection.close()
      rmSync(folder, { recursive: true, force: true })
    })

    /** A file as the README of Machinery has it, with names of this test's own. */
    const config = (...lines: readonly string[]): string => {
      const path = join(mkdtempSync(join(folder, 'config-')), 'config.yml')
      const all = [
        `broker: '${service.url}'`,
        `default_queue: ${names.queue}`,
        "result_backend: ''",
        'results_expire_in: 3600000',
        'amqp:',
        `  binding_key: ${names.key}`,
        `  exchange: ${names.exchange}`,
        '  prefetch_count: 3',
        ...lines.map((line) => `  ${line}`),
      ]
      writeFileSync(path, `${all.join('\n')}\n`)
      return path
    }
    const cli = (path: string, ...args: readonly string[]): Promise<CliEnd> =>
      runCli([...args, '--config', path])
    const findings = ({ json }: CliEnd, level: string): readonly string[] =>
      json
        .filter((one) => one['level'] === level)
        .map(({ check, text }) => `${String(check)}: ${String(text)}`)

    it('declares the exchange, the queue and the bindings that it names', async () => {
      const path = config(
        'exchange_type: direct',
        'queue_declare_args: {x-max-priority: 10}',
        'queue_binding_args: {image-type: png, x-match: any}',
        `delayed_queue: ${names.queue}_later`,
        'auto_delete: true',
      )
      const input = '{"task":"add","args":[1]}\n{"task":"add","args":[2],"in":"10m"}\n'
      const sent = await runCli(['send', '-', '--config', path, '--quiet'], { input })
      expect(sent).toMatchObject({ code: 0, stderr: '' })
      // The server refuses a declaration that differs from what is there.
      await channel.assertExchange(names.exchange, 'direct', durable)
      const args = { 'x-max-priority': 10 }
      expect((await channel.assertQueue(names.queue, { ...durable, arguments: args })).messageCount).toBe(1)
      const later = {
        'x-dead-letter-exchange': names.exchange,
        'x-dead-letter-routing-key': names.queue,
      }
      await channel.assertQueue(`${names.queue}_later`, {
        durable: true,
        autoDelete: true,
        arguments: later,
      })
      channel.publish(names.exchange, names.key, Buffer.from('{"Name":"from Go"}'))
      await waitFor(async () => (await channel.checkQueue(names.queue)).messageCount === 2, {
        what: 'the binding key leads to the default queue',
      })
      if (service.managementUrl === undefined) return
      const bindings = `bindings/%2F/e/${names.exchange}/q/${names.queue}`
      const { body } = await httpGet(new URL(`api/${bindings}`, service.managementUrl).href)
      const binding = expect.objectContaining({ arguments: { 'image-type': 'png', 'x-match': 'any' } })
      expect(JSON.parse(body)).toEqual([binding, binding])
    })

    it('is examined by the doctor, which names what waits, what may be lost and what differs', async () => {
      const fresh = await cli(config(), 'doctor')
      expect(fresh.code).toBe(0)
      expect(findings(fresh, 'problem')).toEqual([])
      expect(findings(fresh, 'ok')).toContainEqual(expect.stringMatching(/^version: RabbitMQ \d+\.\d+/))

      await cli(config('queue_declare_args: {x-max-length: 5}'), 'send', 'add', '1', '1')
      await channel.assertQueue(`${names.queue}.dead`, durable)
      channel.sendToQueue(`${names.queue}.dead`, Buffer.from('{}'))
      await channel.assertQueue(`${names.queue}_lost`, { durable: false, autoDelete: false })
      const strict = 'queue_declare_args: {x-max-length: 5}'
      const [used, limited, other] = await Promise.all([
        cli(config(), 'doctor', '-Q', `${names.queue}_lost`),
        cli(config(strict), 'doctor'),
        cli(config('queue_declare_args: {x-max-length: 7}', 'exchange_type: topic'), 'doctor'),
      ])
      expect(used.code).toBe(0)
      expect(findings(used, 'warning')).toEqual(
        expect.arrayContaining([
          `no-consumer: 1 messages wait in ${names.queue}, and nobody consumes it`,
          `dead-letters: the queue ${names.queue} has 1 dead letters; machinery dead ls --queue ${names.queue} shows them`,
          `topology: ${names.queue}_lost is not durable, so a restart of the server loses it; a durable queue is right`,
        ]),
      )
      expect(findings(limited, 'warning')).toContainEqual(
        expect.stringMatching(/^queue-rules: \S+_tasks drops its oldest messages beyond 5 messages/),
      )
      expect(other.code).toBe(1)
      expect(findings(other, 'problem')).toEqual([
        expect.stringMatching(
          /^topology: exchange "\S+" exists on .* another type: asked for 'topic', there is 'direct'/,
        ),
        expect.stringMatching(
          /^topology: queue "\S+" exists on .* another x-max-length: asked for .*7.*, there is .*5/,
        ),
      ])
    })

    it('sees the server through its management plugin', async ({ skip }) => {
      const { managementUrl } = service
      if (managementUrl === undefined) return skip('this server was there before')
      const path = config(`management_url: '${managementUrl}'`)
      await cli(path, 'send', 'add', '1', '1', '-Q', `${names.queue}_bound`)
      const { json } = await cli(path, 'doctor')
      expect(json).toContainEqual(expect.objectContaining({ check: 'alarms', level: 'ok' }))
      expect(json).toContainEqual(
        expect.objectContaining({
          check: 'no-consumer',
          text: `1 messages wait in ${names.queue}_bound, and nobody consumes it`,
        }),
      )
    })
  })
})
