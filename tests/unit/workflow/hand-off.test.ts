import { describe, expect, it } from 'vitest'
import { EMPTY_MESSAGE, type Message } from '../../../src/core/message.ts'
import type { GroupState, MemberOutcome } from '../../../src/core/ports/backend.ts'
import { decodeMessage, encodeMessage } from '../../../src/core/wire/message-codec.ts'
import {
  chordTrigger,
  GROUP_EXPIRES_IN_MS,
  handOff,
  type HandOffContext,
  NO_HAND_OFF,
  undeliverable,
  upstreamText,
} from '../../../src/workflow/hand-off.ts'

const message = (uuid: string, changes: Partial<Message> = {}): Message => ({
  ...EMPTY_MESSAGE,
  uuid,
  name: `name_${uuid}`,
  ...changes,
})

const context: HandOffContext = {
  createdAt: () => 'now',
  expiresInMs: 1_000,
  hasBackend: true,
  maxBytes: 10_000,
  toOutgoing: (sent) => ({
    queue: sent.routingKey || 'default',
    body: encodeMessage(sent),
    delayMs: 0,
    priority: sent.priority,
    uuid: sent.uuid,
    orderingKey: '',
  }),
}
const withoutBackend: HandOffContext = { ...context, hasBackend: false }

const success = (...values: readonly string[]): MemberOutcome => ({
  state: 'SUCCESS',
  results: values.map((value) => ({ type: 'string', value })),
})
const failure = (error: string): MemberOutcome => ({ state: 'FAILURE', error })

const sent = ({ next }: { readonly next: typeof NO_HAND_OFF.next }): Message[] =>
  next.map(({ message: { body } }) => decodeMessage(body))

const values = (of: Message | undefined): readonly string[] => of?.args.map((arg) => arg.value) ?? []

describe('what follows a task', () => {
  it('is nothing for a task alone', () => {
    expect(handOff(message('a'), success('"x"'), context)).toBe(NO_HAND_OFF)
    expect(handOff(message('a'), failure('broken'), context)).toBe(NO_HAND_OFF)
  })

  it('is a pure function: the same again, and nothing is changed', () => {
    const parent = message('a', { onSuccess: [message('b')], onError: [message('c')] })
    const before = JSON.stringify(parent, (_key, value: unknown) => (typeof value === 'bigint' ? 'n' : value))
    for (const outcome of [success('1'), failure('x')])
      expect(handOff(parent, outcome, context)).toEqual(handOff(parent, outcome, context))
    expect(JSON.stringify(parent, (_key, value: unknown) => (typeof value === 'bigint' ? 'n' : value))).toBe(
      before,
    )
  })

  it('is published with its PENDING, unless it has no state', () => {
    const parent = message('a', {
      onSuccess: [message('b'), message('silent', { noBackend: true }), message('')],
    })
    expect(handOff(parent, success(), context).next.map(({ pending }) => pending)).toEqual([
      { uuid: 'b', taskName: 'name_b', createdAt: 'now', expiresInMs: 1_000, reset: false },
      undefined,
      undefined,
    ])
    expect(handOff(parent, success(), withoutBackend).next.map(({ pending }) => pending)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('passes results with their types and literal texts', () => {
    const parent = message('a', { onSuccess: [message('b')] })
    const results = [
      { type: 'float64', value: '1.0' },
      { type: 'int64', value: '9007199254740993' },
    ]
    const [next] = sent(handOff(parent, { state: 'SUCCESS', results }, context))
    expect(next?.args).toEqual(results.map((result) => ({ name: '', ...result })))
  })

  it('puts the error text first, whatever characters it has', () => {
    const parent = message('a', {
      immutable: true,
      onError: [message('b', { args: [{ name: '', type: 'bool', value: 'true' }] })],
    })
    const [next] = sent(handOff(parent, failure('"quoted"\n\u0000'), context))
    expect(next?.args[0]).toEqual({ name: '', type: 'string', value: JSON.stringify('"quoted"\n\u0000') })
    expect(values(next)[1]).toBe('true')
  })

  it('that can never run any more fails, at every depth, each task once; error callbacks do not', () => {
    const shared = message('shared')
    const parent = message('a', {
      onSuccess: [
        message('b', { onSuccess: [shared], onError: [message('rescue')] }),
        message('c', { onSuccess: [shared] }),
      ],
    })
    const { fail, next } = handOff(parent, failure('broken'), context)
    expect(fail.map(({ uuid }) => uuid).toSorted()).toEqual(['b', 'c', 'shared'])
    expect(new Set(fail.map(({ error }) => error))).toEqual(new Set([upstreamText('a', 'broken')]))
    expect(fail[0]?.over).toEqual(['PENDING'])
    expect(next).toEqual([])
    expect(handOff(parent, failure('broken'), withoutBackend).fail).toEqual([])
  })

  it('that is a group is initialised, in order', () => {
    const members = ['x', 'y'].map((uuid) => message(uuid, { groupUuid: 'g', groupTaskCount: 2 }))
    expect(handOff(message('a', { onSuccess: members }), success(), context).groups).toEqual([
      { groupUuid: 'g', taskUuids: ['x', 'y'], createdAt: 'now', expiresInMs: GROUP_EXPIRES_IN_MS },
    ])
    expect(handOff(message('a', { onSuccess: members }), success(), withoutBackend).groups).toEqual([])
  })

  it('that has grown too large fails with what would follow it; the others are sent', () => {
    const parent = message('a', {
      onSuccess: [message('large', { onSuccess: [message('last')] }), message('small')],
    })
    const follows = handOff(
      {
        ...parent,
        onSuccess: [
          {
            ...(parent.onSuccess[0] as Message),
            args: [{ name: '', type: 'string', value: `"${'x'.repeat(9_900)}"` }],
          },
          parent.onSuccess[1] as Message,
        ],
      },
      success('"some more"'),
      context,
    )
    expect(sent(follows).map(({ uuid }) => uuid)).toEqual(['small'])
    expect(follows.fail.map(({ uuid }) => uuid)).toEqual(['large', 'last'])
    expect(follows.fail[0]?.error).toMatch(/^message of \d+ bytes, results included; the limit is 10000$/)
  })

  it('that no broker takes fails also while it waits for a retry', () => {
    const { fail } = undeliverable(message('a', { onSuccess: [message('b')] }), 'no', context)
    expect(fail).toMatchObject([
      { uuid: 'a', error: 'no', over: ['PENDING', 'RETRY'] },
      { uuid: 'b', error: 'no' },
    ])
  })
})

describe('a member of a group', () => {
  const member = message('m', { groupUuid: 'g', groupTaskCount: 3, chordCallback: message('callback') })

  it.each([
    ['success', success('1')],
    ['failure', failure('broken')],
  ])('is counted on %s, with its outcome', (_name, outcome) => {
    const [own] = handOff(member, outcome, context).finishes
    expect(own).toEqual({
      member,
      finish: { groupUuid: 'g', memberUuid: 'm', count: 3, outcome, expiresInMs: GROUP_EXPIRES_IN_MS },
    })
  })

  it('keeps no results for a callback that wants none, but its failure', () => {
    const immutable = { ...member, chordCallback: message('callback', { immutable: true }) }
    expect(handOff(immutable, success('1'), context).finishes[0]?.finish.outcome).toEqual(success())
    expect(handOff(immutable, failure('x'), context).finishes[0]?.finish.outcome).toEqual(failure('x'))
  })

  it('without a state is not counted', () => {
    expect(handOff({ ...member, noBackend: true }, success(), context).finishes).toEqual([])
    expect(handOff(member, success(), withoutBackend).finishes).toEqual([])
  })

  it('that failed ends the callback at once', () => {
    expect(handOff(member, failure('broken'), context).fail).toMatchObject([
      { uuid: 'callback', error: 'upstream m failed: broken' },
    ])
  })
})

describe('the trigger of a chord', () => {
  const callback = message('callback', { args: [{ name: '', type: 'string', value: '"own"' }] })
  const member = message('m', { groupUuid: 'g', groupTaskCount: 2, chordCallback: callback })
  const group = (
    members: readonly (readonly [string, MemberOutcome])[],
    taskUuids: readonly string[] = [],
  ): GroupState => ({
    groupUuid: 'g',
    taskUuids,
    createdAt: '',
    triggered: false,
    members: new Map(members),
  })

  it('passes all results in the order of the group, after its own arguments', () => {
    const state = group(
      [
        ['b', success('3')],
        ['a', success('1', '2')],
      ],
      ['a', 'b'],
    )
    expect(values(sent(chordTrigger(member, state, context))[0])).toEqual(['"own"', '1', '2', '3'])
  })

  it('passes them in the order of the ends when nobody initialised the group', () => {
    const state = group([
      ['b', success('3')],
      ['a', success('1')],
    ])
    expect(values(sent(chordTrigger(member, state, context))[0])).toEqual(['"own"', '3', '1'])
  })

  it('passes nothing to an immutable callback', () => {
    const state = group([['a', success('1')]], ['a'])
    const stubborn = { ...member, chordCallback: { ...callback, immutable: true } }
    expect(values(sent(chordTrigger(stubborn, state, context))[0])).toEqual(['"own"'])
  })

  it('fails the callback and what follows it, naming the first failed member in order', () => {
    const state = group(
      [
        ['b', failure('late')],
        ['a', failure('early')],
      ],
      ['a', 'b'],
    )
    const long = { ...member, chordCallback: { ...callback, onSuccess: [message('last')] } }
    const { fail, next } = chordTrigger(long, state, context)
    expect(next).toEqual([])
    expect(fail.map(({ uuid, error }) => [uuid, error])).toEqual([
      ['callback', 'upstream a failed: early'],
      ['last', 'upstream a failed: early'],
    ])
  })

  it('is nothing for a group without a callback', () => {
    const { chordCallback: _none, ...rest } = member
    expect(chordTrigger({ ...rest, chordCallback: undefined }, group([]), context)).toBe(NO_HAND_OFF)
  })
})
