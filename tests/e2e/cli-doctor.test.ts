import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { queueKeys } from '../../src/drivers/redis/redis-keys.ts'
import { createServer, signature } from '../../src/index.ts'
import { currentNamespace } from '../support/namespace.ts'
import { describeService } from '../support/services.ts'
import { ENTRY, runCli, startCli, type CliEnd } from './cli-process.ts'

const lease = ({ json }: CliEnd): unknown => json.find(({ check }) => check === 'orphaned-leases')

describe('machinery doctor on sqlite', () => {
  it('finds what a killed worker held, and returns it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'machinery-doctor-'))
    const url = `sqlite:${join(folder, 'jobs.db')}`
    const server = await createServer({ broker: url, resultBackend: url })
    const worker = startCli(['worker', ENTRY], { url })
    try {
      const sent = await server.send(signature('hang'))
      for await (const { state } of sent.watch({ timeoutMs: 30_000 })) if (state === 'STARTED') break
      await worker.kill()
      expect(lease(await runCli(['doctor'], { url }))).toMatchObject({ level: 'warning', canRepair: true })
      expect((await server.queueStats()).inFlight).toBe(1)
      const repaired = await runCli(['doctor', '--repair'], { url })
      expect(repaired.stderr).toContain(
        'repaired: what 1 consumers held that are gone returned to its queues',
      )
      expect(lease(repaired)).toMatchObject({ level: 'ok' })
      expect(await server.queueStats()).toMatchObject({ pending: 1, inFlight: 0 })
    } finally {
      await worker.kill()
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

await describeService('redis', (service) => {
  describe('machinery doctor on redis', () => {
    it('prints users that may do what they are for, and no more', async () => {
      const { url } = service
      const queue = currentNamespace()
      const client = new Redis(url)
      const user = `producer-${queue}`
      try {
        const printed = await runCli(['doctor', '--acl', '-Q', queue], { url: 'redis://127.0.0.1:1' })
        expect(printed).toMatchObject({ code: 0, stderr: '' })
        const [worker = '', producer = ''] = printed.stdout.trimEnd().split('\n')
        expect(worker).toMatch(/^user worker on >… resetkeys /)
        expect(producer).toMatch(/^user producer on >… resetkeys /)
        const [rules = ''] = producer.match(/(?<= >… ).*/) ?? []
        const words = rules.match(/\([^)]*\)|\S+/g) ?? []
        await client.call('acl', 'setuser', user, 'reset', 'on', '>of-a-test', ...words)
        const as = new URL(url)
        Object.assign(as, { username: user, password: 'of-a-test' })
        const place = { url: as.href }
        expect(await runCli(['send', 'add', '1', '1', '-Q', queue], place)).toMatchObject({ code: 0 })
        const refused = await runCli(['queue', 'purge', queue, '--yes'], place)
        expect(refused.code).not.toBe(0)
        expect(await client.llen(queue)).toBe(1)
      } finally {
        await client.call('acl', 'deluser', user)
        await client.del(queue)
        client.disconnect()
      }
    })

    it('finds messages that nobody will return, leaves those of the living, and returns them', async () => {
      const { url } = service
      const queue = currentNamespace()
      const keys = queueKeys(queue)
      const client = new Redis(url)
      const all = [queue, keys.land, keys.registry, keys.flying('ghost'), keys.flying('living'), keys.counts]
      const doctor = (...args: readonly string[]): Promise<CliEnd> =>
        runCli(['doctor', '-Q', queue, ...args], { url })
      try {
        await client.del(...all)
        await client.hset(keys.flying('ghost'), { '1:1': '{"Name":"a"}', '1:2': '{"Name":"b"}' })
        await client.hset(keys.flying('living'), { '1:1': '{"Name":"c"}' })
        await client.hset(keys.registry, 'living', '7')
        const found = await doctor()
        expect(found.code).toBe(1)
        expect(found.json).toContainEqual(
          expect.objectContaining({ check: 'orphaned-leases', level: 'problem', canRepair: true }),
        )
        const repaired = await doctor('--repair')
        expect(repaired.code).toBe(0)
        expect(lease(repaired)).toMatchObject({ level: 'ok' })
        expect(await client.lrange(queue, 0, -1)).toEqual(['{"Name":"a"}', '{"Name":"b"}'])
        expect(await client.hkeys(keys.registry)).toEqual(['living'])
        expect(await client.hlen(keys.flying('living'))).toBe(1)

        await client.del(keys.registry, keys.flying('living'))
        await client.rpush(keys.land, '{"Name":"d"}')
        expect((await doctor()).code).toBe(1)
        expect((await doctor('--repair')).code).toBe(0)
        expect(await client.llen(queue)).toBe(3)
        expect(await client.exists(keys.land, keys.registry)).toBe(0)
      } finally {
        await client.del(...all)
        client.disconnect()
      }
    })
  })
})
