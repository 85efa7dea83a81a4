import fc from 'fast-check'
import { expect, it } from 'vitest'

import {
  companionPrefix,
  delayedKeys,
  groupKeys,
  queueKeys,
  slotOf,
  taskKeys,
} from '../../../../src/drivers/redis/redis-keys.ts'

it.each([
  // From the Redis Cluster specification, and `CLUSTER KEYSLOT` of a server.
  ['123456789', 0x31c3 % 16_384],
  ['foo', 12_182],
  ['{user1000}.following', slotOf('user1000')],
  ['foo{}{bar}', 8_363],
  ['foo{{bar}}zap', slotOf('{bar')],
  ['foo{bar}{zap}', slotOf('bar')],
])('the slot of %s is %i', (key, slot) => {
  expect(slotOf(key)).toBe(slot)
})

it('names the companions of a queue as the protocol says', () => {
  expect(queueKeys('q').flying('consumer')).toBe('mq:{q}:i:consumer')
  expect(queueKeys('q')).toMatchObject({
    land: 'mq:{q}:land',
    registry: 'mq:{q}:w',
    counts: 'mq:{q}:dc',
    dead: 'mq:{q}:dead',
  })
  expect(companionPrefix('a{t}b')).toBe('mq:{t}:a{t}b:')
  expect(delayedKeys('delayed_tasks').dead).toBe(queueKeys('delayed_tasks').dead)
})

it('keeps all keys of one name in one slot, and those of two names apart, whatever they look like', () => {
  const name = fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[{}a:]{1,6}$/))
  const keysOf = (key: string): readonly string[] => {
    const { land, registry, counts, dead, priorities, reaperLeader, flying } = queueKeys(key)
    return [land, registry, counts, dead, priorities, reaperLeader, flying('c')]
  }
  fc.assert(
    fc.property(name, name, (one, other) => {
      const all = [...keysOf(one), ...taskKeys(one), ...groupKeys(one)]
      expect(new Set(all.map(slotOf))).toEqual(new Set([slotOf(one)]))
      if (one === other) return
      const shared = keysOf(one).filter((key) => keysOf(other).includes(key))
      expect(shared).toEqual([])
    }),
    { numRuns: 300 },
  )
})
