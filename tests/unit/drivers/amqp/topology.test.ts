import { expect, it } from 'vitest'

import { AmqpAdmin } from '../../../../src/drivers/amqp/amqp-admin.ts'
import { AmqpTopology } from '../../../../src/drivers/amqp/amqp-topology.ts'
import { fakeLink } from './fake-client.ts'

it.each([
  ['quorum', { 'x-queue-type': 'quorum', 'x-delivery-limit': 2_147_483_647 }],
  ['classic', { 'x-queue-type': 'classic' }],
])('dead letters on %s queues may be looked at as often as one likes', async (type, args) => {
  const { settings, connection, channels } = await fakeLink(undefined, {
    queueArguments: { 'x-queue-type': type },
  })
  await new AmqpTopology(new AmqpAdmin(connection), settings).deadQueue('jobs')
  expect(channels.flatMap(({ declared }) => declared)).toEqual([{ queue: 'jobs.dead', args }])
  await connection.close()
})
