import { describe, expect, it } from 'vitest'
import { redactUrl, UNREADABLE_URL } from '../../../src/core/redact-url.ts'

describe('redactUrl', () => {
  it.each([
    ['amqp://guest:guest@localhost:5672', 'amqp://localhost:5672'],
    ['redis://:pw@h1:1,h2:2/0', 'redis://h1:1,h2:2'],
    ['redis://:p@ss:w@h', 'redis://h'],
    ['redis://:pw@[::1]:6379/2?db=secret', 'redis://[::1]:6379'],
    ['redis+socket://pw@/run/x.sock', 'redis+socket://'],
    ['https://sqs.eu-west-1.amazonaws.com/123/q', 'https://sqs.eu-west-1.amazonaws.com'],
    ['sqlite:./jobs.db', 'sqlite://'],
    ['memory:', 'memory://'],
    ['REDIS://h', 'redis://h'],
    ['eager', '://'],
    ['', '://'],
  ])('%s is shown as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown)
  })

  it.each([
    'redis://:p/w@host',
    'redis://us er:pw',
    'redis://h:port',
    'redis://[::1',
    'user:secret@host',
    'redis://h/x@y',
    ':secret',
    '//u:p@h\n:',
    `redis://${','.repeat(50_000)}!`,
  ])('shows nothing of what is no URL (%#)', (url) => {
    expect(redactUrl(url)).toBe(UNREADABLE_URL)
  })
})
