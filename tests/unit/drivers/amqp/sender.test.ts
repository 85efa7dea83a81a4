import { describe, expect, it } from 'vitest'

import { AmqpSender, type Parcel } from '../../../../src/drivers/amqp/amqp-sender.ts'
import { type FakeChannel, fakeLink } from './fake-client.ts'

const parcel = (key: string): Parcel => ({
  exchange: '',
  key,
  body: Buffer.from(key),
  options: { messageId: key },
})

const last = (channels: readonly FakeChannel[]): FakeChannel => channels.at(-1) as FakeChannel

/** As the server confirms. */
function confirmAll({ published, confirms }: FakeChannel, isConfirmed: (key: string) => boolean): void {
  confirms.forEach((confirm, index) => {
    if (isConfirmed(published[index] ?? '')) confirm(null)
  })
}

describe('a sender', () => {
  it('lets messages pass while a queue never confirms its own', async () => {
    const { clock, settings, connection, channels } = await fakeLink()
    const sender = new AmqpSender(connection, settings)
    const stuck = sender.send(Array.from({ length: 1_000 }, () => parcel('no majority')))
    await clock.settle()
    expect(last(channels).published).toHaveLength(1_000)
    await clock.advance(settings.publishTimeoutMs + 1_000)
    expect(new Set((await stuck).map(({ kind }) => kind))).toEqual(new Set(['uncertain']))

    const sent = sender.send([parcel('healthy')])
    await clock.settle()
    confirmAll(last(channels), (key) => key === 'healthy')
    expect(await sent).toEqual([{ kind: 'stored' }])
    await sender.close()
    await connection.close()
  })

  it('refuses the message for which the server closes the channel, and no other', async () => {
    const { clock, settings, connection, channels } = await fakeLink()
    const sender = new AmqpSender(connection, settings)
    const keys = ['a', 'too large', 'b', 'c']
    const sent = sender.send(keys.map(parcel))
    let rounds = 0
    const answer = async (): Promise<void> => {
      await clock.settle()
      const channel = last(channels)
      // The server handles what comes before, and nothing after.
      const until = channel.published.indexOf('too large')
      confirmAll(channel, (key) => until === -1 || channel.published.indexOf(key) < until)
      if (until !== -1) channel.end(Object.assign(new Error('PRECONDITION_FAILED'), { code: 406 }))
      rounds += 1
    }
    let results: readonly unknown[] | undefined
    void sent.then((all) => (results = all.map(({ kind }) => kind)))
    while (results === undefined && rounds < 20) await answer()
    expect(results).toEqual(['stored', 'refused', 'stored', 'stored'])
    await sender.close()
    await connection.close()
  })

  it('closes a channel that opens too late', async () => {
    let opened: (() => void) | undefined
    const { clock, settings, connection, channels } = await fakeLink(
      (channel) => new Promise((resolve) => (opened = () => resolve(channel))),
    )
    const opening = connection.channel('plain', () => {})
    opening.catch(() => {})
    await clock.advance(settings.operationTimeoutMs)
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    opened?.()
    await clock.settle()
    expect(channels.map(({ isClosed }) => isClosed)).toEqual([true])
    await connection.close()
  })
})
