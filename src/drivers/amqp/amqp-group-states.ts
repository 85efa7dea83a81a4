import { MachineryError } from '../../core/errors.ts'
import type {
  FinishOutcome,
  GroupFinish,
  GroupInit,
  GroupState,
  GroupStates,
  MemberOutcome,
} from '../../core/ports/backend.ts'
import { decodeResults, encodeResults } from '../../core/wire/state-codec.ts'
import type { AmqpSettings } from './amqp-options.ts'
import type { AmqpRecords, RecordChange } from './amqp-records.ts'

/** Groups are kept this long from their last change. */
const GROUP_KEPT_MS = 604_800_000

/** A group as it is stored, as JSON. */
interface GroupRecord {
  /** Undefined until the group is initialised: members may finish before. */
  readonly taskUuids?: readonly string[] | undefined
  readonly createdAt: string
  /** The member that owns the trigger. */
  readonly owner?: string | undefined
  readonly triggered: boolean
  readonly members: readonly MemberRecord[]
}

interface MemberRecord {
  readonly uuid: string
  readonly state: 'SUCCESS' | 'FAILURE'
  /** A JSON text, so that numbers stay as they are. */
  readonly results: string
  readonly error: string
}

const EMPTY: GroupRecord = { createdAt: '', triggered: false, members: [] }

const unchanged = <T>(answer: T): RecordChange<T> => ({ answer, change: 'none' })

function written<T>(answer: T, record: GroupRecord): RecordChange<T> {
  return { answer, change: 'write', body: Buffer.from(JSON.stringify(record)), keepMs: GROUP_KEPT_MS }
}

/**
 * Counts the members of groups, each group in a record of its own; Go's members are not counted. Where groups are not
 * allowed, a member that another program sent ends all the same: refusing that would keep a task at its end for ever.
 */
export function amqpGroupStates(
  records: AmqpRecords,
  { allowUnsafeChords: isAllowed, logger }: AmqpSettings,
  requireOpen: () => void,
): GroupStates {
  const args = { 'x-expires': GROUP_KEPT_MS }
  const each = async <W extends { readonly groupUuid: string }, T>(
    batch: readonly W[],
    decide: (item: W, stored: GroupRecord | undefined) => RecordChange<T>,
  ): Promise<readonly T[]> => {
    requireOpen()
    if (!isAllowed) {
      const text =
        'a result backend on amqp forgets groups when the server restarts; use another one, or set allowUnsafeChords'
      throw new MachineryError('ERR_UNSUPPORTED', text)
    }
    return records.changeEach(
      batch,
      ({ groupUuid }) => ({
        queue: `mq.group.${groupUuid}`,
        arguments: args,
        autoDelete: false,
        isBound: false,
      }),
      (item, body) =>
        decide(item, body === undefined ? undefined : (JSON.parse(body.toString()) as GroupRecord)),
    )
  }
  const named = (groupUuids: readonly string[]) => groupUuids.map((groupUuid) => ({ groupUuid }))
  return {
    async init(batch) {
      await each(batch, init)
    },
    async finish(batch) {
      if (isAllowed) return each(batch, finish)
      requireOpen()
      const groups = [...new Set(batch.map(({ groupUuid }) => groupUuid))]
      logger.warn(
        { groups },
        'members of groups ended on amqp, where nobody counts them: no callback follows',
      )
      return batch.map(() => 'wait')
    },
    async triggered(groupUuids) {
      await each(named(groupUuids), (_, stored) =>
        stored === undefined ? unchanged(undefined) : written(undefined, { ...stored, triggered: true }),
      )
    },
    async reopen(groupUuid, memberUuid) {
      await each([{ groupUuid }], (_, stored) => reopen(memberUuid, stored))
    },
    get: (groupUuids) =>
      each(named(groupUuids), ({ groupUuid }, stored) => unchanged(groupState(groupUuid, stored))),
    async purge(groupUuids) {
      await each(named(groupUuids), () => ({ answer: undefined, change: 'remove' }))
    },
  }
}

function init({ taskUuids, createdAt }: GroupInit, stored: GroupRecord = EMPTY): RecordChange<undefined> {
  return stored.taskUuids === undefined
    ? written(undefined, { ...stored, taskUuids, createdAt })
    : unchanged(undefined)
}

function finish(
  { memberUuid, count, outcome }: GroupFinish,
  stored: GroupRecord = EMPTY,
): RecordChange<FinishOutcome> {
  const isKnown = stored.members.some(({ uuid }) => uuid === memberUuid)
  const members = isKnown ? stored.members : [...stored.members, memberRecord(memberUuid, outcome)]
  if (members.length < count) return written('wait', { ...stored, members })
  if (stored.triggered) return written('done', { ...stored, members })
  const owner = stored.owner ?? memberUuid
  return written(owner === memberUuid ? 'trigger' : 'other', { ...stored, members, owner })
}

function reopen(memberUuid: string, stored: GroupRecord | undefined): RecordChange<undefined> {
  if (stored === undefined) return unchanged(undefined)
  const members = stored.members.filter(({ uuid }) => uuid !== memberUuid)
  return written(undefined, { ...stored, members, owner: undefined, triggered: false })
}

function groupState(groupUuid: string, stored: GroupRecord | undefined): GroupState | undefined {
  if (stored === undefined) return undefined
  const { taskUuids = [], createdAt, triggered, members } = stored
  const outcomes = members.map((member) => [member.uuid, memberOutcome(member)] as const)
  return { groupUuid, taskUuids, createdAt, triggered, members: new Map(outcomes) }
}

function memberRecord(uuid: string, outcome: MemberOutcome): MemberRecord {
  return outcome.state === 'SUCCESS'
    ? { uuid, state: 'SUCCESS', results: encodeResults(outcome.results), error: '' }
    : { uuid, state: 'FAILURE', results: '[]', error: outcome.error }
}

function memberOutcome({ state, results, error }: MemberRecord): MemberOutcome {
  return state === 'SUCCESS' ? { state, results: decodeResults(results) } : { state, error }
}
