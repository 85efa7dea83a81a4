import type { Clock } from '../../core/clock.ts'
import type {
  FinishOutcome,
  GroupFinish,
  GroupInit,
  GroupState,
  MemberOutcome,
} from '../../core/ports/backend.ts'
import type { SqliteConnection, Statement } from './sqlite-connection.ts'
import { instantAfter } from './sqlite-messages.ts'

/** Groups are kept this long from their last finish, or longer if a writer asks for it. */
const GROUP_KEPT_MS = 604_800_000

type GroupRow = readonly [
  id: number,
  createdAt: string,
  owner: string | null,
  triggered: number,
  finished: number,
  expiresAt: number,
]

/** Counts the members of groups; each method is one step of a transaction that its caller runs. */
export class SqliteGroupStates {
  readonly #clock: Clock
  readonly #byUuid: Statement<GroupRow>
  readonly #insert: Statement<[id: number]>
  readonly #order: Statement<[taskUuids: string]>
  readonly #insertOrder: Statement
  readonly #deleteOrder: Statement
  readonly #setCreated: Statement
  readonly #setCount: Statement
  readonly #setOwner: Statement
  readonly #setTriggered: Statement
  readonly #reopen: Statement
  readonly #delete: Statement
  readonly #members: Statement<[uuid: string, outcome: string]>
  readonly #insertMember: Statement
  readonly #deleteMember: Statement
  readonly #deleteMembers: Statement

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#clock = clock
    this.#byUuid = connection.prepare(
      'SELECT id, created_at, owner, triggered, finished, expires_at FROM task_group WHERE uuid = ?',
    )
    this.#insert = connection.prepare(
      "INSERT INTO task_group(uuid, created_at, triggered, finished, expires_at) VALUES (?, '', 0, 0, ?) RETURNING id",
    )
    this.#order = connection.prepare('SELECT task_uuids FROM group_order WHERE group_id = ?')
    this.#insertOrder = connection.prepare(
      'INSERT INTO group_order(group_id, task_uuids) VALUES (?, ?) ON CONFLICT DO NOTHING',
    )
    this.#deleteOrder = connection.prepare('DELETE FROM group_order WHERE group_id = ?')
    this.#setCreated = connection.prepare(
      'UPDATE task_group SET created_at = ?, expires_at = max(expires_at, ?) WHERE id = ?',
    )
    this.#setCount = connection.prepare('UPDATE task_group SET finished = ?, expires_at = ? WHERE id = ?')
    this.#setOwner = connection.prepare('UPDATE task_group SET owner = ? WHERE id = ?')
    this.#setTriggered = connection.prepare('UPDATE task_group SET triggered = 1 WHERE uuid = ?')
    this.#reopen = connection.prepare(
      'UPDATE task_group SET owner = NULL, triggered = 0, finished = finished - ? WHERE id = ?',
    )
    this.#delete = connection.prepare('DELETE FROM task_group WHERE id = ?')
    this.#members = connection.prepare('SELECT uuid, outcome FROM group_member WHERE group_id = ?')
    this.#insertMember = connection.prepare(
      'INSERT INTO group_member(group_id, uuid, outcome) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#deleteMember = connection.prepare('DELETE FROM group_member WHERE group_id = ? AND uuid = ?')
    this.#deleteMembers = connection.prepare('DELETE FROM group_member WHERE group_id = ?')
  }

  init({ groupUuid, taskUuids, createdAt, expiresInMs }: GroupInit): void {
    const [id] = this.#ensure(groupUuid)
    const inserted = this.#insertOrder.run(id, JSON.stringify(taskUuids))
    if (inserted > 0) this.#setCreated.run(createdAt, this.#expiry(expiresInMs), id)
  }

  finish({ groupUuid, memberUuid, count, outcome, expiresInMs }: GroupFinish): FinishOutcome {
    const [id, , owner, triggered, before] = this.#ensure(groupUuid)
    const finished = before + this.#insertMember.run(id, memberUuid, JSON.stringify(outcome))
    this.#setCount.run(finished, this.#expiry(expiresInMs), id)
    if (finished < count) return 'wait'
    if (triggered !== 0) return 'done'
    if (owner === null) this.#setOwner.run(memberUuid, id)
    return owner === null || owner === memberUuid ? 'trigger' : 'other'
  }

  triggered(groupUuid: string): void {
    this.#setTriggered.run(groupUuid)
  }

  reopen(groupUuid: string, memberUuid: string): void {
    const row = this.#find(groupUuid)
    if (row !== undefined) this.#reopen.run(this.#deleteMember.run(row[0], memberUuid), row[0])
  }

  get(groupUuid: string): GroupState | undefined {
    const row = this.#find(groupUuid)
    if (row === undefined) return undefined
    const [id, createdAt, , triggered] = row
    const order = this.#order.get(id)
    const members = this.#members
      .all(id)
      .map(([uuid, outcome]) => [uuid, JSON.parse(outcome) as MemberOutcome])
    return {
      groupUuid,
      taskUuids: order === undefined ? [] : (JSON.parse(order[0]) as readonly string[]),
      createdAt,
      triggered: triggered !== 0,
      members: new Map(members as [string, MemberOutcome][]),
    }
  }

  purge(groupUuid: string): void {
    const row = this.#byUuid.get(groupUuid)
    if (row !== undefined) this.removeById(row[0])
  }

  removeById(id: number): void {
    this.#deleteMembers.run(id)
    this.#deleteOrder.run(id)
    this.#delete.run(id)
  }

  #find(groupUuid: string): GroupRow | undefined {
    const row = this.#byUuid.get(groupUuid)
    return row !== undefined && row[5] > this.#clock.now() ? row : undefined
  }

  /** The group, made if it is not there: members may finish before it is initialised. */
  #ensure(groupUuid: string): GroupRow {
    const row = this.#find(groupUuid)
    if (row !== undefined) return row
    this.purge(groupUuid)
    const expiresAt = this.#expiry(0)
    const id = this.#insert.get(groupUuid, expiresAt)?.[0] as number
    return [id, '', null, 0, 0, expiresAt]
  }

  #expiry(expiresInMs: number): number {
    return instantAfter(this.#clock.now(), Math.max(expiresInMs, GROUP_KEPT_MS))
  }
}
