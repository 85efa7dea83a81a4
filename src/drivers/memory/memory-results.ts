import type { Clock } from '../../core/clock.ts'
import { MemoryControl } from './memory-control.ts'
import { MemoryGroupStates } from './memory-group-states.ts'
import { MemorySchedules } from './memory-schedules.ts'
import { MemoryTaskStates } from './memory-task-states.ts'
import { MemoryWatchers } from './memory-watchers.ts'

/** The states, groups, schedules, control values and locks of one store, shared by all backends and locks opened on it. */
export class MemoryResults {
  readonly watchers: MemoryWatchers = new MemoryWatchers()
  readonly tasks: MemoryTaskStates
  readonly groups: MemoryGroupStates
  readonly schedules: MemorySchedules
  readonly control: MemoryControl
  /** Unix nanoseconds until which each key is held. */
  readonly locks: Map<string, bigint> = new Map()

  constructor(clock: Clock) {
    const monotonic = (): number => clock.monotonic()
    this.tasks = new MemoryTaskStates(monotonic, (uuid) => this.watchers.changed(uuid))
    this.groups = new MemoryGroupStates(monotonic)
    this.control = new MemoryControl(monotonic)
    this.schedules = new MemorySchedules(() => clock.now())
  }
}
