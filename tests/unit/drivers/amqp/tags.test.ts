import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { AmqpTags } from '../../../../src/drivers/amqp/amqp-tags.ts'

/** The tags of a channel over which as many messages came. */
function received(count: number): AmqpTags {
  const tags = new AmqpTags()
  for (let tag = 1; tag <= count; tag++) tags.receive(tag)
  return tags
}

describe('the tags of a channel', () => {
  it('are acknowledged at once where they follow each other', () => {
    const tags = received(10)
    expect(tags.settle([3, 1, 2])).toEqual({ upTo: 3, single: [] })
    expect(tags.settle([5, 6])).toEqual({ upTo: undefined, single: [5, 6] })
    expect(tags.settle([4])).toEqual({ upTo: undefined, single: [4] })
    expect(tags.settle([7, 8, 10])).toEqual({ upTo: 8, single: [10] })
  })

  it('are not acknowledged again', () => {
    const tags = received(3)
    expect(tags.settle([1, 2])).toEqual({ upTo: 2, single: [] })
    expect(tags.settle([2, 1])).toEqual({ upTo: undefined, single: [] })
    expect(tags.settle([3, 2])).toEqual({ upTo: undefined, single: [3] })
  })

  it('are each acknowledged once, and never before they are settled', () => {
    const order = fc.integer({ min: 1, max: 60 }).chain((count) =>
      fc.tuple(
        fc.shuffledSubarray(
          Array.from({ length: count }, (_, index) => index + 1),
          { minLength: count },
        ),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: count }),
      ),
    )
    fc.assert(
      fc.property(order, ([tags, sizes]) => {
        const under = received(tags.length)
        const settled = new Set<number>()
        const acknowledged = new Set<number>()
        let left = tags
        for (const size of sizes) {
          const batch = left.slice(0, size)
          left = left.slice(size)
          if (batch.length === 0) break
          for (const tag of batch) settled.add(tag)
          const { upTo = 0, single } = under.settle(batch)
          for (let tag = 1; tag <= upTo; tag++) {
            expect(settled.has(tag)).toBe(true)
            acknowledged.add(tag)
          }
          for (const tag of single) {
            expect(acknowledged.has(tag)).toBe(false)
            acknowledged.add(tag)
          }
          expect(acknowledged).toEqual(settled)
        }
      }),
    )
  })
})
