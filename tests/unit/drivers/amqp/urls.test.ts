import { describe, expect, it } from 'vitest'

import { amqpStore, amqpUrlOptions } from '../../../../src/drivers/amqp/index.ts'
import { amqpSettings } from '../../../../src/drivers/amqp/amqp-options.ts'
import { amqpUrls, urlsName } from '../../../../src/drivers/amqp/amqp-urls.ts'

const invalid = expect.objectContaining({ code: 'ERR_OPTION_INVALID' })

describe('URLs of amqp', () => {
  it.each([
    ['amqp://localhost', ['amqp://localhost']],
    ['amqp://u:p,q@a/v,amqps://b', ['amqp://u:p,q@a/v', 'amqps://b']],
    ['amqp://a; amqp://b', ['amqp://a', 'amqp://b']],
  ])('%s', (url, urls) => {
    expect(amqpUrls({ url })).toEqual(urls)
  })

  it('are separated by what the option says', () => {
    expect(amqpUrls({ url: 'amqp://a###amqp://b', urlSeparator: '###' })).toEqual(['amqp://a', 'amqp://b'])
  })

  it.each(['amqp:', 'http://h', '', 'amqp://a b'])('are refused: %s', (url) => {
    expect(() => amqpUrls({ url })).toThrowError(invalid)
  })

  it('are shown without credentials', () => {
    expect(urlsName(['amqp://user:secret@a:1/v', 'amqps://b'])).toBe('amqp://a:1, amqps://b')
  })

  it('carry options, and leave those of the client library', () => {
    const url = 'amqp://h/v?queueType=quorum&heartbeat=5&exchange=jobs&prefetchCount=7&allowUnsafeChords=true'
    expect(amqpUrlOptions(url)).toEqual({
      urls: ['amqp://h/v?heartbeat=5'],
      queueArguments: { 'x-queue-type': 'quorum' },
      exchange: 'jobs',
      prefetchCount: 7,
      allowUnsafeChords: true,
    })
  })

  it.each(['prefetchCount=many', 'allowUnsafeChords=1', 'colour=red'])('are refused with %s', (query) => {
    expect(() => amqpUrlOptions(`amqp://h?${query}`)).toThrowError(invalid)
  })
})

describe('options of amqp', () => {
  it.each([
    [{ exchangeType: 'fanout' }],
    [{ topology: 'maybe' }],
    [{ exchange: '' }],
    [{ prefetchCount: 0 }],
    [{ prefetchCount: 65_536 }],
    [{ heartbeatMs: 1 }],
    [{ managementUrl: 'localhost:15672' }],
    [{ queueArguments: ['x-queue-type'] }],
  ])('are refused: %j', (options) => {
    expect(() => amqpSettings(options as never)).toThrowError(invalid)
  })

  it('need one place, and a certificate that is checked', async () => {
    const insecure = { url: 'amqps://h', tls: { rejectUnauthorized: false } }
    for (const options of [{}, { url: 'amqp://h', urls: ['amqp://h'] }, insecure]) {
      await expect(amqpStore(options)).rejects.toThrowError(invalid)
    }
  })

  it('say without a secret that nothing listens', async () => {
    const opening = amqpStore({ url: 'amqp://user:secret@127.0.0.1:1' })
    const error: unknown = await opening.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED' })
    expect(String(error)).not.toContain('secret')
  })
})
