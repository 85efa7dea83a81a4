import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../../src/core/errors.ts'
import { nextRuns, parseSchedule } from '../../../src/periodic/cron/schedule.ts'
import { zoneTable } from '../../../src/periodic/cron/zone-table.ts'
import { readGrammar } from './cron-fixtures.ts'

const { afterMs, lines } = readGrammar()
const zones = zoneTable()

/** What robfig/cron would have been recorded with. */
function outcomeOf(spec: string): unknown {
  try {
    const schedule = parseSchedule(spec, { zone: 'UTC', zones })
    return [spec, null, nextRuns(schedule, afterMs, 5).map((ms) => ms / 1_000)]
  } catch (error) {
    if (!isMachineryError(error, 'ERR_OPTION_INVALID')) throw error
    return [spec, error.message]
  }
}

describe('the grammar table of robfig/cron', () => {
  const specified = lines.filter(([, error]) => error !== 'panic')

  it('is large', () => {
    expect(specified.filter(([, error]) => error === null).length).toBeGreaterThan(300)
    expect(specified.filter(([, error]) => error !== null).length).toBeGreaterThan(300)
  })

  it('holds, with every error text and the first five activations', () => {
    const differing = specified
      .map((expected) => ({ expected, actual: outcomeOf(expected[0]) }))
      .filter(({ expected, actual }) => JSON.stringify(expected) !== JSON.stringify(actual))
    expect(differing).toEqual([])
  })

  it('has panics that are errors here', () => {
    const panics = lines.filter(([, error]) => error === 'panic').map(([spec]) => spec)
    expect(panics).toContain('TZ=UTC')
    for (const spec of panics) {
      expect(outcomeOf(spec)).toEqual([spec, `expected a space and five fields after the time zone: ${spec}`])
    }
  })
})
