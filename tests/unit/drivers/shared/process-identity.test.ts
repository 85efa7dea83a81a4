import { describe, expect, it } from 'vitest'

import { isDead, ownIdentity } from '../../../../src/drivers/shared/process-identity.ts'

const NO_SUCH_PID = 4_194_305

describe('the identity of a process', () => {
  it('knows the dead from the living, and from those who took over their number', () => {
    const own = ownIdentity()
    expect(isDead(own, own)).toBe(false)
    expect(isDead({ ...own, pid: NO_SUCH_PID }, own)).toBe(true)
    expect(isDead({ ...own, pid: NO_SUCH_PID, host: 'elsewhere' }, own)).toBe(false)
    if (own.startedAt === '') return
    expect(isDead({ ...own, startedAt: `${own.startedAt}1` }, own)).toBe(true)
  })
})
