import { describe, expect, it } from 'vitest'
import { EMPTY_MESSAGE, type Message, withMessage } from '../../../../src/core/message.ts'
import {
  decodeMessage,
  decodeMessageText,
  encodeMessage,
  encodeMessageText,
} from '../../../../src/core/wire/message-codec.ts'
import { golden } from './golden.ts'

const zero = { ...EMPTY_MESSAGE, source: undefined }
const changed = (message: Message): Message => withMessage(message, {})

describe('the golden documents of Go', () => {
  it.each([
    ['zero.fork', 'full-fork'],
    ['zero.upstream', 'full-upstream'],
    ['add.fork', 'full-fork'],
  ] as const)('%s decodes and encodes to the same bytes as %s', (name, form) => {
    const body = Buffer.from(golden(name))
    const message = decodeMessage(body)
    expect(Buffer.from(encodeMessage(message, form)).equals(body)).toBe(true)
    expect(encodeMessageText(message)).toBe(golden(name))
  })

  it.each(['zero.fork', 'zero.upstream'])('%s is the message in which nothing is set', (name) => {
    expect(changed(decodeMessageText(golden(name)))).toEqual(zero)
  })

  it('add.fork holds the fields of its task', () => {
    expect(decodeMessageText(golden('add.fork'))).toEqual({
      ...zero,
      uuid: 'task_5f24dddd-db69-453e-9ab0-5c91b95503ef',
      name: 'add',
      routingKey: 'machinery_tasks',
      args: [
        { name: '', type: 'int64', value: '1' },
        { name: '', type: 'int64', value: '1' },
      ],
      headers: new Map(),
      retryCount: 3,
      source: golden('add.fork'),
    })
  })

  it('writes add.fork compactly when it was changed', () => {
    expect(encodeMessageText(changed(decodeMessageText(golden('add.fork'))))).toBe(
      '{"UUID":"task_5f24dddd-db69-453e-9ab0-5c91b95503ef","Name":"add","RoutingKey":"machinery_tasks",' +
        '"Args":[{"Type":"int64","Value":1},{"Type":"int64","Value":1}],"Headers":{},"RetryCount":3}',
    )
  })

  it('writes the union of both dialects in its order', () => {
    const keys = Object.keys(JSON.parse(encodeMessageText(zero, 'full')) as object)
    const fork = Object.keys(JSON.parse(golden('zero.fork')) as object)
    expect(keys).toEqual([...fork.slice(0, 3), 'ETA', ...fork.slice(3)])
  })

  it('accepts the smallest message that Go accepts', () => {
    const message = decodeMessageText('{"UUID":"abc","Name":"add","Args":[{"Type":"int64","Value":1}]}')
    expect(message).toMatchObject({
      uuid: 'abc',
      name: 'add',
      args: [{ name: '', type: 'int64', value: '1' }],
    })
  })
})
