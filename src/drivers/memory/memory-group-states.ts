import type {
  FinishOutcome,
  GroupFinish,
  GroupInit,
  GroupState,
  MemberOutcome,
} from '../../core/ports/backend.ts'
import { ExpiringMap } from './expiring-map.ts'

/** Groups are kept this long from their last finish, or longer if a writer asks for it. */
const GROUP_KEPT_MS = 604_800_000

interface GroupRecord {
  /** Undefined until the group is initialised: members may finish before. */
  taskUuids: readonly string[] | undefined
  createdAt: string
  /** The member that owns the trigger. */
  owner: string | undefined
  triggered: boolean
  readonly members: Map<string, MemberOutcome>
}

const keepMs = (expiresInMs: number): number => Math.max(expiresInMs, GROUP_KEPT_MS)

/** Counts the members of groups, synchronous: each method is one transaction. */
export class MemoryGroupStates {
  readonly #groups: ExpiringMap<GroupRecord>

  constructor(monotonic: () => number) {
    this.#groups = new ExpiringMap(monotonic)
  }

  init({ groupUuid, taskUuids, createdAt, expiresInMs }: GroupInit): void {
    const group = this.#group(groupUuid)
    if (group.taskUuids !== undefined) return
    group.taskUuids = [...taskUuids]
    group.createdAt = createdAt
    this.#groups.set(groupUuid, group, keepMs(expiresInMs))
  }

  finish({ groupUuid, memberUuid, count, outcome, expiresInMs }: GroupFinish): FinishOutcome {
    const group = this.#group(groupUuid)
    if (!group.members.has(memberUuid)) group.members.set(memberUuid, outcome)
    this.#groups.set(groupUuid, group, keepMs(expiresInMs))
    if (group.members.size < count) return 'wait'
    if (group.triggered) return 'done'
    group.owner ??= memberUuid
    return group.owner === memberUuid ? 'trigger' : 'other'
  }

  triggered(groupUuid: string): void {
    const group = this.#groups.get(groupUuid)
    if (group !== undefined) group.triggered = true
  }

  reopen(groupUuid: string, memberUuid: string): void {
    const group = this.#groups.get(groupUuid)
    if (group === undefined) return
    group.members.delete(memberUuid)
    group.owner = undefined
    group.triggered = false
  }

  get(groupUuid: string): GroupState | undefined {
    const group = this.#groups.get(groupUuid)
    if (group === undefined) return undefined
    const { taskUuids = [], createdAt, triggered, members } = group
    return { groupUuid, taskUuids, createdAt, triggered, members: new Map(members) }
  }

  purge(groupUuid: string): void {
    this.#groups.delete(groupUuid)
  }

  #group(groupUuid: string): GroupRecord {
    const stored = this.#groups.get(groupUuid)
    return (
      stored ?? {
        taskUuids: undefined,
        createdAt: '',
        owner: undefined,
        triggered: false,
        members: new Map(),
      }
    )
  }
}
