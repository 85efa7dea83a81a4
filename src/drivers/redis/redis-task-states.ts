import type {
  BeginOutcome,
  BeginWrite,
  CommitOutcome,
  CommitWrite,
  FailOutcome,
  FailWrite,
  PendingOutcome,
  PendingWrite,
  Reopen,
  RetryOutcome,
  RetryWrite,
  TaskStates,
} from '../../core/ports/backend.ts'
import type { TaskState } from '../../core/task-state.ts'
import type { RedisArgument } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { stateChannel, taskKeys } from './redis-keys.ts'
import { inParts } from './redis-parts.ts'
import { bufferOf } from './redis-route.ts'
import type { ScriptName } from './redis-script.ts'
import { addWrite, readFinalState, readState, type StateForm, stateDefaults } from './redis-state-text.ts'

/** Tasks in one call of a script: it blocks the server for a millisecond or less. */
const TASKS_PER_CALL = 200

/** Adds one item of a batch to the keys and arguments of a call. */
type AddItem<I> = (keys: string[], args: RedisArgument[], item: I) => void

export const PENDING_OUTCOMES: readonly PendingOutcome[] = ['written', 'pending', 'exists']

/** Names of the states that may be replaced, as the script looks for them. */
export const overText = ({ over }: FailWrite): string => `,${over.join(',')},`

/** Adds token and state of a commit. */
export function addCommit(keys: string[], args: RedisArgument[], write: CommitWrite, form: StateForm): void {
  args.push(write.token)
  addWrite(keys, args, { ...write, createdAt: '' }, form)
}

/** Adds token, digest, bytes and state of a retry. */
export function addRetry(keys: string[], args: RedisArgument[], write: RetryWrite, form: StateForm): void {
  args.push(write.token, write.digest, bufferOf(write.body))
  const retryAt = Math.round(write.retryAt)
  addWrite(keys, args, { ...write, state: 'RETRY', createdAt: '', retryAt }, form)
}

/** Adds the states that may be replaced, and the state. */
export function addFail(keys: string[], args: RedisArgument[], write: FailWrite, form: StateForm): void {
  args.push(overText(write))
  addWrite(keys, args, { ...write, state: 'FAILURE' }, form)
}

/** Protocol W1 on the states of tasks. In a Cluster each task is a call, otherwise a batch shares one. */
export function redisTaskStates(connection: RedisConnection, form: StateForm): TaskStates {
  const perCall = connection.isCluster ? 1 : TASKS_PER_CALL
  const defaults = stateDefaults(form)

  const run = async <I, O>(
    script: ScriptName,
    batch: readonly I[],
    add: AddItem<I>,
    read: (item: I, answer: unknown) => O,
  ): Promise<readonly O[]> => {
    const calls = inParts(batch, perCall).map(async (part) => {
      const keys: string[] = []
      const args: RedisArgument[] = [...defaults]
      for (const item of part) add(keys, args, item)
      const answers = (await connection.script(script, keys, args)) as readonly unknown[]
      return part.map((item, index) => read(item, answers[index]))
    })
    return (await Promise.all(calls)).flat()
  }

  return {
    pending: (batch) =>
      run<PendingWrite, PendingOutcome>(
        'pending',
        batch,
        (keys, args, write) => {
          args.push(write.reset ? '1' : '0')
          addWrite(keys, args, { ...write, state: 'PENDING' }, form)
        },
        (_, answer) => PENDING_OUTCOMES[answer as number] ?? 'exists',
      ),
    begin: (batch) =>
      run<BeginWrite, BeginOutcome>(
        'begin',
        batch,
        (keys, args, write) => {
          args.push(write.token, write.digest, write.ifFirst ? '1' : '0')
          addWrite(keys, args, { ...write, state: 'STARTED', createdAt: '' }, form)
        },
        ({ uuid }, answer) => {
          const [kind, value] = answer as readonly [number, unknown]
          if (kind === 0) return { kind: 'run', begins: value as number }
          return kind === 4 ? { kind: 'skipped' } : doneOrIntent(uuid, kind, value)
        },
      ),
    commit: (batch) =>
      run<CommitWrite, CommitOutcome>(
        'commit',
        batch,
        (keys, args, write) => addCommit(keys, args, write, form),
        ({ uuid }, answer) => {
          const [kind, value] = answer as readonly [number, unknown]
          if (kind === 0) return { kind: 'committed' }
          return kind === 2
            ? { kind: 'fenced' }
            : { kind: 'done', state: readFinalState(uuid, value as Buffer) }
        },
      ),
    retry: (batch) =>
      run<RetryWrite, RetryOutcome>(
        'retry',
        batch,
        (keys, args, write) => addRetry(keys, args, write, form),
        ({ uuid }, answer) => {
          const [kind, value] = answer as readonly [number, unknown]
          if (kind === 0) return { kind: 'recorded' }
          return kind === 2 ? { kind: 'fenced' } : doneOrIntent(uuid, kind, value)
        },
      ),
    fail: (batch) =>
      run<FailWrite, FailOutcome>(
        'fail',
        batch,
        (keys, args, write) => addFail(keys, args, write, form),
        (_, answer) => (answer === 0 ? 'written' : 'exists'),
      ),
    reopen: (batch) =>
      run<Reopen, boolean>(
        'reopen',
        batch,
        (keys, args, { uuid, errorPrefix }) => {
          args.push(errorPrefix)
          const fresh = { taskName: '', createdAt: '', expiresInMs: 0 }
          addWrite(keys, args, { uuid, state: 'PENDING', ...fresh }, form)
        },
        (_, answer) => answer === 1,
      ),
    async get(uuids) {
      const parts = inParts(uuids, connection.isCluster ? 1 : 1_000)
      const texts = await Promise.all(parts.map((part) => connection.command('mget', [...part])))
      const all = texts.flat() as readonly (Buffer | null)[]
      return uuids.map((uuid, index) => {
        const text = all[index] ?? null
        return text === null ? undefined : readState(uuid, text)
      })
    },
    async purge(uuids) {
      const parts = inParts(uuids, perCall)
      const purges = parts.map((part) => connection.command('del', part.flatMap(taskKeys)))
      const tells = uuids.map((uuid) => connection.command('publish', [stateChannel(uuid), '']))
      await Promise.all([...purges, ...tells])
    },
  }
}

function doneOrIntent(
  uuid: string,
  kind: number,
  value: unknown,
):
  | { readonly kind: 'done'; readonly state: TaskState }
  | { readonly kind: 'intent'; readonly body: Uint8Array } {
  if (kind === 3) return { kind: 'intent', body: value as Buffer }
  return { kind: 'done', state: readFinalState(uuid, value as Buffer) }
}
