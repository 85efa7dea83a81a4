import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { withMessage } from '../../src/core/message.ts'
import { decodeMessageText, encodeMessageText } from '../../src/core/wire/message-codec.ts'
import {
  decodeGroupMeta,
  decodeState,
  encodeGroupMeta,
  encodeState,
} from '../../src/core/wire/state-codec.ts'
import type { AmqpDocument } from './capture-amqp.ts'
import { goldenUuid, TYPED_SAMPLES } from './typed-samples.ts'

const FOLDER = join(import.meta.dirname, 'golden')
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8')
const documents = (name: string): readonly string[] => read(name).split('\n').slice(0, -1)
/** For the names of tests. */
const byUuid = (all: readonly string[]) =>
  all.map((document) => ({ uuid: /UUID":"([^"]+)"/.exec(document)?.[1], document }))

const messages = documents('messages.jsonl')
const states = documents('states.jsonl')
const groups = documents('groups.jsonl')
const amqp = documents('amqp.jsonl').map((document) => (JSON.parse(document) as AmqpDocument).body)

// What `capture.ts` got from Go: read here wherever there is no Go.
describe('the documents that Go stored', () => {
  it('are those of the version of Machinery that the tests run', () => {
    const versions = JSON.parse(read('versions.json')) as Record<string, string>
    const machinery = 'github.com/RichardKnop/machinery/v2'
    expect(readFileSync(join(import.meta.dirname, 'go/go.mod'), 'utf8')).toContain(
      `${machinery} ${versions[machinery]}`,
    )
  })

  it('are of every kind', () => {
    expect(messages).toHaveLength(TYPED_SAMPLES.length + 7)
    expect(groups).toHaveLength(2)
    expect(amqp).toHaveLength(3)
    const kinds = new Set(states.map((document) => decodeState(document).state))
    expect([...kinds].toSorted()).toEqual(['FAILURE', 'PENDING', 'STARTED', 'SUCCESS'])
  })

  it.each(byUuid(messages))('message $uuid', ({ document }) => {
    const message = decodeMessageText(document)
    expect(encodeMessageText(message)).toBe(document)
    expect(encodeMessageText(withMessage(message, {}), 'full-upstream')).toBe(document)
  })

  it.each(byUuid(states))('state $uuid', ({ document }) => {
    expect(encodeState(decodeState(document), 'full-upstream')).toBe(document)
  })

  it.each(byUuid(amqp))('$uuid on RabbitMQ', ({ document }) => {
    const again = document.startsWith('{"TaskUUID"')
      ? encodeState(decodeState(document), 'full-upstream')
      : encodeMessageText(withMessage(decodeMessageText(document), {}), 'full-upstream')
    expect(again).toBe(document)
  })

  it.each(byUuid(groups))('group $uuid', ({ document }) => {
    expect(encodeGroupMeta(decodeGroupMeta(document))).toBe(document)
  })

  it.each(TYPED_SAMPLES)('arguments of type $type have their values', ({ type, argType, samples }) => {
    const document = messages.find((text) => text.includes(`"UUID":"${goldenUuid(type)}"`)) ?? ''
    const { args } = decodeMessageText(document)
    const nil = type.startsWith('[]') ? [samples[0]?.value] : []
    expect(args.map((arg) => arg.type)).toEqual(args.map(() => type))
    expect(args.map((arg) => argType.decode(arg.value))).toEqual([
      ...samples.map(({ value }) => value),
      ...nil,
    ])
  })

  it.each(TYPED_SAMPLES)(
    'results of type $type have their values',
    ({ type, resultType, argType, samples }) => {
      for (const [index, { value, text }] of samples.entries()) {
        const document = states.find((one) => one.includes(`"${goldenUuid(type, index)}"`)) ?? ''
        const { results } = decodeState(document)
        expect(results).toEqual([{ type: resultType, value: text }])
        expect(results.map((result) => argType.decode(result.value))).toEqual([value])
      }
    },
  )

  it('tell a retry of Go by its counters', () => {
    const [retried] = messages
      .map((document) => decodeMessageText(document))
      .filter(({ name }) => name === 'fail')
    expect(retried?.retryCount).toBeLessThan(5)
    expect(retried).toMatchObject({ uuid: 'golden_retried', routingKey: 'golden_worked' })
    expect([1, 2, 3]).toContain(retried?.retryTimeoutSeconds)
  })
})
