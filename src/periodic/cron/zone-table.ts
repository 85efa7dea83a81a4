import type { Problem } from './cron-error.ts'
import { intlZone, UTC, type TimeZone } from './time-zone.ts'

/** Time zones by name. What one has learnt about a zone is kept, so schedules that share a table share it too. */
export interface ZoneTable {
  /**
   * The zone of a name as Go's `time.LoadLocation` takes it: a name of the tz database in its own letter case, `Local` for
   * that of this machine, nothing or `UTC` for UTC. The problem has Go's text.
   */
  zone(name: string): TimeZone | Problem
}

/** Names of the tz database: up to three parts, each beginning with a capital letter. */
const ZONE_NAME = /^[A-Z][\w+-]{0,30}(\/[A-Z][\w+-]{0,30}){0,2}$/
/** Names that Intl knows and the tz database does not: ICU's own, and those the database has dropped. */
const NOT_IN_TZ_DATABASE =
  /^(SystemV\/.*|US\/Pacific-New|Canada\/East-Saskatchewan|(ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST))$/

/** An empty table. */
export function zoneTable(): ZoneTable {
  const zones = new Map<string, TimeZone>()
  return {
    zone(name) {
      const known = name === 'Local' ? machineZone() : name
      if (known === '' || known === 'UTC') return UTC
      const found = zones.get(known) ?? findZone(known)
      if (found === undefined) return { problem: problemOf(name) }
      zones.set(known, found)
      return found
    },
  }
}

/** The name of the zone this machine is set to. */
export function machineZone(): string {
  return new Intl.DateTimeFormat('en-US').resolvedOptions().timeZone
}

function findZone(name: string): TimeZone | undefined {
  if (!ZONE_NAME.test(name) || NOT_IN_TZ_DATABASE.test(name)) return undefined
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions()
    // Intl is blind to letter case, Go is not. An alias (US/Eastern) is answered by another name, and taken as it stands.
    if (timeZone !== name && timeZone.toLowerCase() === name.toLowerCase()) return undefined
    return intlZone(name)
  } catch {
    return undefined
  }
}

function problemOf(name: string): string {
  const isPath = name.includes('..') || name.startsWith('/') || name.startsWith('\\')
  return isPath ? 'time: invalid location name' : `unknown time zone ${name}`
}
