import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { FinishOutcome, GroupFinish, MemberOutcome } from '../../core/ports/backend.ts'
import { isTerminal, type TaskState } from '../../core/task-state.ts'
import { type ChordHold, ChordMutex } from './redis-chord-mutex.ts'
import type { RedisArgument } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { keptText, outcomeText } from './redis-group-states.ts'
import { mixedGroupKeys } from './redis-keys.ts'

/** Members whose states are looked at in one round trip. */
const MOST_LOOKED_AT = 500

/** What the finishes of mixed groups need of their store. */
export interface MixedGroupsPlace {
  readonly connection: RedisConnection
  readonly clock: Clock
  readonly logger: Logger
  readonly readStates: (uuids: readonly string[]) => Promise<readonly (TaskState | undefined)[]>
}

interface Claim {
  readonly member: string
  readonly expiresInMs: number
  readonly hold: ChordHold
}

/** Who has the trigger of a group: nobody yet, a member, or nobody any more. */
type Trigger =
  | { readonly kind: 'none' | 'done' }
  | { readonly kind: 'owned'; readonly owner: string; readonly isNew: boolean }

/**
 * Finishes of groups in which Go's workers take part (reliability 4.7). Such a worker counts nothing, so each finish here looks
 * at the state of one member that is not known to have ended, and goes on from there: O(1) per finish, O(n) per group.
 * Whoever is last triggers: Go's own mutex and mark in the GroupMeta see to it that it is one of both.
 */
export class RedisMixedGroups {
  readonly #place: MixedGroupsPlace
  readonly #mutex: ChordMutex
  /** Triggers of this process that are under way, each under the mutex. */
  readonly #claims = new Map<string, Claim>()

  constructor(place: MixedGroupsPlace) {
    this.#place = place
    this.#mutex = new ChordMutex(place.connection, place.clock, () => this.#showClaims())
  }

  /** As `GroupStates.finish`. @throws also `ERR_STORE_BUSY`, when others hold Go's mutex all the time */
  async finish(batch: readonly GroupFinish[]): Promise<readonly FinishOutcome[]> {
    const byGroup = new Map<string, GroupFinish[]>()
    for (const finish of batch) {
      const known = byGroup.get(finish.groupUuid)
      if (known === undefined) byGroup.set(finish.groupUuid, [finish])
      else known.push(finish)
    }
    const finished = [...byGroup].map(
      async ([group, finishes]) => [group, await this.#finish(finishes)] as const,
    )
    const triggers = new Map(await Promise.all(finished))
    return batch.map(({ groupUuid, memberUuid }): FinishOutcome => {
      const trigger = triggers.get(groupUuid) ?? { kind: 'none' }
      if (trigger.kind !== 'owned') return trigger.kind === 'done' ? 'done' : 'wait'
      if (trigger.owner === memberUuid) return 'trigger'
      return trigger.isNew ? 'wait' : 'other'
    })
  }

  /** The trigger of a group is done. */
  triggered(groupUuid: string): void {
    this.#claims.get(groupUuid)?.hold.leave()
    this.#claims.delete(groupUuid)
  }

  /** Idempotent. Triggers that are under way come again with their members. */
  async close(): Promise<void> {
    this.#claims.clear()
    await this.#mutex.close()
  }

  /** @param finishes of one group */
  async #finish(finishes: readonly GroupFinish[]): Promise<Trigger> {
    let ended = finishes.map(({ memberUuid, outcome }) => [memberUuid, outcome] as const)
    let looks = 1
    for (;;) {
      const [code, ...rest] = await this.#count(finishes, ended, looks)
      if (code === 2) return this.#claim(finishes)
      if (code === 1) return this.#owned(finishes, rest[0] ?? '')
      if (rest.length === 0) return { kind: 'none' }
      const states = await this.#place.readStates(rest)
      ended = rest.flatMap((uuid, index) => {
        const state = states[index]
        return state !== undefined && isTerminal(state.state) ? [[uuid, outcomeOf(state)] as const] : []
      })
      if (ended.length === 0) return { kind: 'none' }
      // Whoever is not finished yet looks at this group after this, and sees what ended here.
      looks = ended.length < rest.length ? 0 : Math.min(2 * looks, MOST_LOOKED_AT)
    }
  }

  async #count(
    finishes: readonly GroupFinish[],
    ended: readonly (readonly [uuid: string, outcome: MemberOutcome])[],
    looks: number,
  ): Promise<readonly [code: number, ...texts: string[]]> {
    const { groupUuid, count, expiresInMs } = newest(finishes)
    const args: RedisArgument[] = [String(count), keptText(expiresInMs), String(looks), String(ended.length)]
    for (const [uuid, outcome] of ended) args.push(uuid, outcomeText(outcome))
    const [answer] = (await this.#place.connection.script(
      'mixedFinish',
      mixedGroupKeys(groupUuid),
      args,
    )) as readonly (readonly [number, ...Buffer[]])[]
    const [code = 0, ...texts] = answer ?? []
    return [code, ...texts.map(String)]
  }

  /** Someone has claimed the trigger. A claim of ours that is not under way any more is looked at again: Go may have been faster. */
  #owned(finishes: readonly GroupFinish[], owner: string): Trigger | Promise<Trigger> {
    const isOurs = finishes.some(({ memberUuid }) => memberUuid === owner)
    if (isOurs && !this.#claims.has(newest(finishes).groupUuid)) return this.#claim(finishes, owner)
    return triggerOf(owner, false)
  }

  async #claim(
    finishes: readonly GroupFinish[],
    member: string = newest(finishes).memberUuid,
  ): Promise<Trigger> {
    const { groupUuid, expiresInMs } = newest(finishes)
    const [meta, , trigger] = mixedGroupKeys(groupUuid)
    const hold = await this.#mutex.enter()
    try {
      const args = [member, keptText(expiresInMs)]
      const owner = String(await this.#place.connection.script('mixedClaim', [meta, trigger], args))
      if (owner === member) {
        this.triggered(groupUuid)
        this.#claims.set(groupUuid, { member, expiresInMs, hold })
      } else hold.leave()
      return triggerOf(owner, true)
    } catch (error) {
      hold.leave()
      throw error
    }
  }

  /** Go must not wait longer: from here on a crash leaves the trigger to the members that own it, and to workers in TypeScript. */
  async #showClaims(): Promise<void> {
    const claims = [...this.#claims]
    this.#claims.clear()
    const shown = claims.map(async ([groupUuid, { member, expiresInMs }]) => {
      this.#place.logger.debug(
        { groupUuid, member },
        'triggering a chord takes long: Go need not wait for it',
      )
      const [meta, , trigger] = mixedGroupKeys(groupUuid)
      await this.#place.connection.script('mixedFlag', [meta, trigger], [member, keptText(expiresInMs)])
    })
    await Promise.allSettled(shown)
  }
}

/** The last of a batch; a batch has one. */
function newest(finishes: readonly GroupFinish[]): GroupFinish {
  return finishes.at(-1) as GroupFinish
}

function triggerOf(owner: string, isNew: boolean): Trigger {
  if (owner === 'done') return { kind: 'done' }
  return { kind: 'owned', owner: owner.startsWith('!') ? owner.slice(1) : owner, isNew }
}

function outcomeOf(state: TaskState): MemberOutcome {
  return state.state === 'SUCCESS'
    ? { state: 'SUCCESS', results: state.results }
    : { state: 'FAILURE', error: state.error }
}
