import { expect, it } from 'vitest'

import { pendingWrite } from '../../src/testing/backend-harness.ts'
import { describeService } from '../support/services.ts'
import { closing, openStore, outgoing, rawClient } from './redis-fixture.ts'
import { waitFor } from '../support/wait-for.ts'

await describeService('redis', (service) => {
  it('asks how durable a script is when the script ran, also where the server had to be given it first', async () => {
    const queue = service.namespace()
    const delayedKey = `${queue}-delayed`
    const uuid = `task_${queue}`
    const store = await openStore({ url: service.url, delayedKey, durability: 'replicated' })
    const raw = rawClient(service.url)
    const seen: (readonly [source: string, command: string, isOurs: boolean])[] = []
    const monitor = await raw.monitor()
    closing({ close: () => monitor.disconnect() })
    monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
      const isOurs = args.includes(delayedKey) || args.includes(uuid)
      seen.push([source, (args[0] ?? '').toLowerCase(), isOurs])
    })
    const commandsOf = (from: number): readonly string[] => {
      const source = seen.find(([, , isOurs]) => isOurs)?.[0]
      return seen.slice(from).flatMap(([at, command]) => (at === source ? [command] : []))
    }
    for (const send of ['publish', 'send'] as const) {
      const from = seen.length
      await raw.script('FLUSH')
      const message = outgoing(queue, 'a', { delayMs: 60_000 })
      if (send === 'publish') await store.broker.publish([message])
      else {
        const fused = store.broker.sameStore?.(store.backend)
        await fused?.send([{ groups: [], messages: [{ message, pending: pendingWrite(uuid) }] }])
      }
      await waitFor(() => commandsOf(from).at(-1) === 'wait', { what: `the end of ${send}` })
      const evaluated = commandsOf(from).filter((command) => /^(eval|evalsha|wait)$/.test(command))
      expect(evaluated, send).toEqual(['evalsha', 'wait', 'eval', 'wait'])
    }
    await raw.del(delayedKey, uuid, queue)
  })

  it('does not call a message refused that is stored, but not known to be durable', async () => {
    const queue = service.namespace()
    const raw = rawClient(service.url)
    const user = `user-${queue}`
    await raw.acl('SETUSER', user, 'on', '>pw', '~*', '&*', '+@all', '-wait')
    const store = await openStore({
      url: service.url,
      username: user,
      password: 'pw',
      durability: 'replicated',
    })
    const [outcome] = await store.broker.publish([outgoing(queue, 'a')])
    expect(outcome?.outcome).toBe('uncertain')
    expect(outcome?.error?.code).toBe('ERR_PUBLISH_UNCERTAIN')
    expect(await raw.lrange(queue, 0, -1)).toEqual(['a'])
    await raw.acl('DELUSER', user)
    await raw.del(queue)
  })
})
