import { expect, it } from 'vitest'

import { type Logger, silentLogger } from '../../src/core/logger.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { document, openStore, outgoing, publish, rawClient, runChores } from './redis-fixture.ts'

await describeService('redis', (service) => {
  it('moves what is due also beside a message for a queue that it may not touch', async () => {
    const name = service.namespace()
    const [delayedKey, open, closed] = [`${name}-delayed`, `${name}-open`, `${name}-closed`]
    const raw = rawClient(service.url)
    await raw.acl(
      ...(['SETUSER', name, 'on', '>pw', `~${open}`, `~mq:{${open}}:*`, `~${delayedKey}`] as const),
      ...[`~mq:{${delayedKey}}:*`, '~mq:queues', '&*', '+@all'],
    )
    const everything = await openStore({ url: service.url, delayedKey })
    const delayMs = 1
    await publish(
      everything.broker,
      outgoing(closed, document(closed, 'a'), { delayMs }),
      outgoing(open, document(open, 'b'), { delayMs }),
    )
    const warnings: unknown[] = []
    const logger: Logger = {
      ...silentLogger,
      warn: (_fields, text) => void warnings.push(text),
    }
    const limited = await openStore({
      url: service.url,
      username: name,
      password: 'pw',
      delayedKey,
      logger,
    })
    const done = new AbortController()
    const running = runChores(limited.broker, done.signal)
    await waitFor(async () => (await raw.llen(open)) === 1, { what: 'the move' })
    done.abort()
    await running
    expect(warnings).toContain('a delayed message could not be moved; it is tried again')
    // Whoever may, moves it.
    const rest = new AbortController()
    const runningRest = runChores(everything.broker, rest.signal)
    await waitFor(async () => (await raw.llen(closed)) === 1, { what: 'the move of the other' })
    rest.abort()
    await runningRest
    await raw.acl('DELUSER', name)
    await raw.del(open, closed)
  })
})
