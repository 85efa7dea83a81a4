import type { LogEntry } from './run-log.ts'

/** What the run log says, counted. */
export interface Tally {
  readonly attempted: ReadonlySet<string>
  readonly acknowledged: ReadonlySet<string>
  /** How often each task was begun. */
  readonly starts: ReadonlyMap<string, number>
  /** The fences of the runs of each task that came to their end. */
  readonly ends: ReadonlyMap<string, ReadonlySet<string>>
}

/** A tally that is still being counted. */
export interface OpenTally extends Tally {
  add(entries: readonly LogEntry[]): void
}

export function openTally(): OpenTally {
  const attempted = new Set<string>()
  const acknowledged = new Set<string>()
  const starts = new Map<string, number>()
  const ends = new Map<string, Set<string>>()
  const addOne = (entry: LogEntry): void => {
    const { uuid } = entry
    switch (entry.kind) {
      case 'attempted':
        attempted.add(uuid)
        break
      case 'acknowledged':
        acknowledged.add(uuid)
        break
      case 'started':
        starts.set(uuid, (starts.get(uuid) ?? 0) + 1)
        break
      case 'ended':
        ends.set(uuid, (ends.get(uuid) ?? new Set()).add(entry.fence))
    }
  }
  return {
    attempted,
    acknowledged,
    starts,
    ends,
    add: (entries) => {
      for (const entry of entries) addOne(entry)
    },
  }
}
