import { describe, expect, it } from 'vitest'
import { chordUuid, groupUuid, randomIds, taskUuid } from '../../../src/core/id.ts'

describe('ids', () => {
  it('have the prefix of what they name', () => {
    const ids = { uuid: () => 'x' }
    expect([taskUuid(ids), groupUuid(ids), chordUuid(ids)]).toEqual(['task_x', 'group_x', 'chord_x'])
  })

  it('are random version 7 UUIDs, in the order of time', () => {
    const made = new Set(Array.from({ length: 1_000 }, () => randomIds.uuid()))
    expect(made.size).toBe(1_000)
    const times = [...made].map((id) => id.slice(0, 13))
    expect(times).toEqual(times.toSorted())
    for (const id of made)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
