import type {
  FinishOutcome,
  GroupFinish,
  GroupInit,
  GroupState,
  GroupStates,
  MemberOutcome,
} from '../../core/ports/backend.ts'
import {
  decodeGroupMeta,
  decodeResults,
  encodeGroupMeta,
  encodeResults,
} from '../../core/wire/state-codec.ts'
import type { RedisArgument } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { groupKeys, mixedGroupKeys } from './redis-keys.ts'
import type { RedisMixedGroups } from './redis-mixed-groups.ts'
import { inParts } from './redis-parts.ts'

/** Groups are kept this long from their last finish, or longer if a writer asks for it. */
const GROUP_KEPT_MS = 604_800_000
const MEMBERS_PER_CALL = 500

const FINISH_OUTCOMES: readonly FinishOutcome[] = ['wait', 'trigger', 'other', 'done']

export const keptText = (expiresInMs: number): string =>
  String(Math.max(Math.ceil(expiresInMs), GROUP_KEPT_MS))

/** Adds one group, as `init_group` of `group.lua` reads it. */
export function addGroup(keys: string[], args: RedisArgument[], group: GroupInit): void {
  const { groupUuid, taskUuids, createdAt, expiresInMs } = group
  keys.push(groupUuid)
  const meta = { groupUuid, taskUuids, chordTriggered: false, lock: false, createdAt, ttl: 0 }
  args.push(encodeGroupMeta(meta), keptText(expiresInMs))
}

/** Adds one member, as `finish_member` of `group.lua` reads it. */
export function addMember(keys: string[], args: RedisArgument[], finish: GroupFinish): void {
  const { groupUuid, memberUuid, count, outcome, expiresInMs } = finish
  keys.push(...groupKeys(groupUuid))
  args.push(memberUuid, String(count), outcomeText(outcome), keptText(expiresInMs))
}

/**
 * Groups beside Go's GroupMeta, counted in O(1) per member.
 * @param mixed counts the members where workers in Go take part
 */
export function redisGroupStates(connection: RedisConnection, mixed?: RedisMixedGroups): GroupStates {
  const perCall = connection.isCluster ? 1 : MEMBERS_PER_CALL

  const trigger = async (group: string, member: string): Promise<void> => {
    await connection.script('groupTrigger', mixedGroupKeys(group), [String(GROUP_KEPT_MS), member])
  }

  return {
    async init(batch) {
      const calls = inParts(batch, perCall).map((part) => {
        const keys: string[] = []
        const args: RedisArgument[] = []
        for (const group of part) addGroup(keys, args, group)
        return connection.script('groupInit', keys, args)
      })
      await Promise.all(calls)
    },
    async finish(batch) {
      if (mixed !== undefined) return mixed.finish(batch)
      const calls = inParts(batch, perCall).map((part) => {
        const keys: string[] = []
        const args: RedisArgument[] = []
        for (const finish of part) addMember(keys, args, finish)
        return connection.script('groupFinish', keys, args)
      })
      const answers = (await Promise.all(calls)).flat() as readonly number[]
      return answers.map((answer) => FINISH_OUTCOMES[answer] ?? 'wait')
    },
    async triggered(groupUuids) {
      await Promise.all(groupUuids.map((group) => trigger(group, '')))
      for (const group of groupUuids) mixed?.triggered(group)
    },
    async reopen(groupUuid, memberUuid) {
      await trigger(groupUuid, memberUuid)
    },
    async get(groupUuids) {
      const read = groupUuids.map(async (uuid) => {
        const answer = await connection.script('groupGet', groupKeys(uuid), [])
        return groupState(uuid, answer as readonly [Buffer | null, readonly Buffer[], Buffer | null])
      })
      return Promise.all(read)
    },
    async purge(groupUuids) {
      await Promise.all(groupUuids.map((uuid) => connection.command('del', [...mixedGroupKeys(uuid)])))
    },
  }
}

function groupState(
  groupUuid: string,
  [meta, members, trigger]: readonly [Buffer | null, readonly Buffer[], Buffer | null],
): GroupState | undefined {
  if (meta === null && members.length === 0) return undefined
  const outcomes = new Map<string, MemberOutcome>()
  for (let index = 0; index + 1 < members.length; index += 2) {
    outcomes.set(String(members[index]), outcomeOf(String(members[index + 1])))
  }
  const { taskUuids, createdAt, chordTriggered } =
    meta === null ? { taskUuids: [], createdAt: '', chordTriggered: false } : decodeGroupMeta(meta)
  // The mark of a chord that Go triggered, or one that is shown to Go before the trigger is done.
  const triggered = trigger === null ? chordTriggered : String(trigger) === 'done'
  return { groupUuid, taskUuids, createdAt, triggered, members: outcomes }
}

/** Results as JSON text, which begins with a bracket; a failure with an exclamation mark. */
export function outcomeText(outcome: MemberOutcome): string {
  return outcome.state === 'SUCCESS' ? encodeResults(outcome.results) : `!${outcome.error}`
}

function outcomeOf(text: string): MemberOutcome {
  return text.startsWith('!')
    ? { state: 'FAILURE', error: text.slice(1) }
    : { state: 'SUCCESS', results: decodeResults(text) }
}
