import { HOUR_MS } from './civil-date.ts'
import type { Fields } from './fields.ts'
import { nextActivation } from './next-activation.ts'
import { UTC, type TimeZone } from './time-zone.ts'

/** Wall time is never further than this from UTC. */
const MAX_OFFSET_MS = 16 * HOUR_MS

/**
 * The first activation after an instant such that no day is left out or doubled. A schedule of certain hours runs once for
 * each of its wall times: a repeated one at its first pass, skipped ones together at the first instant after the gap. A
 * schedule of every hour runs whenever the wall clock shows one of its times: in both passes of a repeated hour, and not in
 * a gap.
 *
 * @returns epoch ms, strictly after `afterMs`; undefined when there is none within five years.
 */
export function nextShifted(fields: Fields, zone: TimeZone, afterMs: number): number | undefined {
  const isEveryHour = fields.hour.allowed.every((allowed) => allowed === 1)
  return isEveryHour ? nextShown(fields, zone, afterMs) : nextOfCertainHours(fields, zone, afterMs)
}

function nextOfCertainHours(fields: Fields, zone: TimeZone, afterMs: number): number | undefined {
  let wall: number | undefined = afterMs + zone.spanAt(afterMs).offset
  for (;;) {
    wall = nextActivation(fields, UTC, wall)
    if (wall === undefined) return undefined
    const at = firstInstantOf(zone, wall)
    // In the second pass of a repeated hour, the wall times ahead have run already.
    if (at > afterMs) return at
  }
}

/** When the wall clock first shows a time, or has jumped over it. */
function firstInstantOf(zone: TimeZone, wall: number): number {
  let span = zone.spanAt(wall - MAX_OFFSET_MS)
  while (wall - span.offset >= span.until) span = zone.spanAt(span.until)
  return Math.max(wall - span.offset, span.from)
}

function nextShown(fields: Fields, zone: TimeZone, afterMs: number): number | undefined {
  let span = zone.spanAt(afterMs)
  let from = afterMs
  for (;;) {
    const wall = nextActivation(fields, UTC, from + span.offset)
    if (wall === undefined) return undefined
    if (wall - span.offset < span.until) return wall - span.offset
    from = span.until - 1
    span = zone.spanAt(span.until)
  }
}
