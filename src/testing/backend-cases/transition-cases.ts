import assert from 'node:assert/strict'
import { canTransition, type TaskStateName } from '../../core/task-state.ts'
import { type BackendCase, type BackendTest, CREATED_AT } from '../backend-harness.ts'

const TOKEN = 'delivery-1'

/** Brings a task into a state. RECEIVED is read, never written, so it cannot be reached through the port. */
const REACH: Readonly<
  Record<Exclude<TaskStateName, 'RECEIVED'> | 'none', (t: BackendTest, uuid: string) => Promise<unknown>>
> = {
  none: async () => undefined,
  PENDING: (t, uuid) => t.pending(uuid),
  STARTED: async (t, uuid) => (await t.pending(uuid), t.begin(uuid, TOKEN)),
  RETRY: async (t, uuid) => (
    await t.pending(uuid),
    await t.begin(uuid, TOKEN, { digest: 'digest-0' }),
    t.retry(uuid, TOKEN, { digest: 'digest-0' })
  ),
  SUCCESS: async (t, uuid) => (await t.pending(uuid), t.commit(uuid, TOKEN)),
  FAILURE: async (t, uuid) => (await t.pending(uuid), t.commit(uuid, TOKEN, { state: 'FAILURE' })),
}

const FROM = ['none', 'PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE'] as const

interface Write {
  readonly label: string
  readonly to: TaskStateName
  readonly run: (t: BackendTest, uuid: string) => Promise<unknown>
  readonly legal: (from: (typeof FROM)[number]) => unknown
  readonly illegal: (state: unknown) => unknown
}

const WRITES: readonly Write[] = [
  {
    label: 'pending',
    to: 'PENDING',
    run: (t, uuid) => t.pending(uuid, { taskName: 'add', createdAt: '2027-01-01T00:00:00Z' }),
    legal: (from) => (from === 'PENDING' ? 'pending' : 'written'),
    illegal: () => 'exists',
  },
  {
    label: 'begin',
    to: 'STARTED',
    run: (t, uuid) => t.begin(uuid, 'delivery-2'),
    legal: (from) => ({ kind: 'run', begins: from === 'STARTED' || from === 'RETRY' ? 2 : 1 }),
    illegal: (state) => ({ kind: 'done', state }),
  },
  {
    label: 'retry',
    to: 'RETRY',
    run: (t, uuid) => t.retry(uuid, TOKEN),
    legal: () => ({ kind: 'recorded' }),
    illegal: (state) => ({ kind: 'done', state }),
  },
  {
    label: 'commit of SUCCESS',
    to: 'SUCCESS',
    run: (t, uuid) => t.commit(uuid, TOKEN, { results: [{ type: 'string', value: '"late"' }] }),
    legal: () => ({ kind: 'committed' }),
    illegal: (state) => ({ kind: 'done', state }),
  },
  {
    label: 'commit of FAILURE',
    to: 'FAILURE',
    run: (t, uuid) => t.commit(uuid, TOKEN, { state: 'FAILURE', error: 'late' }),
    legal: () => ({ kind: 'committed' }),
    illegal: (state) => ({ kind: 'done', state }),
  },
  {
    label: 'fail',
    to: 'FAILURE',
    run: (t, uuid) => t.fail(uuid, { error: 'late', over: ['PENDING', 'RECEIVED', 'STARTED', 'RETRY'] }),
    legal: () => 'written',
    illegal: () => 'exists',
  },
]

/** Every write from every state that can be reached, against `TRANSITIONS`. */
export function transitionCases(test: BackendCase): void {
  for (const from of FROM) {
    for (const { label, to, run, legal, illegal } of WRITES) {
      const isLegal = canTransition(from === 'none' ? undefined : from, to)
      test(`${label} over ${from} ${isLegal ? `makes it ${to}` : 'changes nothing'}`, async (t) => {
        const uuid = t.newUuid()
        await REACH[from](t, uuid)
        const before = await t.state(uuid)
        assert.equal(before?.state ?? 'none', from)
        const outcome = await run(t, uuid)
        const after = await t.state(uuid)
        if (!isLegal) {
          assert.deepEqual(outcome, illegal(before))
          assert.deepEqual(after, before)
          return
        }
        assert.deepEqual(outcome, legal(from))
        assert.equal(after?.state, to)
        assert.equal(after?.uuid, uuid)
        if (before === undefined) return
        assert.equal(after?.createdAt, CREATED_AT, 'the stored createdAt was not kept')
        assert.equal(after?.taskName, 'add', 'the stored taskName was not kept')
      })
    }

    for (const reset of [true, false]) {
      const writes = reset || from === 'none' || from === 'PENDING'
      test(`pending with reset ${reset} over ${from} ${writes ? 'leaves it PENDING' : 'changes nothing'}`, async (t) => {
        const uuid = t.newUuid()
        await REACH[from](t, uuid)
        const before = await t.state(uuid)
        const outcome = await t.pending(uuid, { reset })
        assert.equal(
          outcome,
          reset || from === 'none' ? 'written' : from === 'PENDING' ? 'pending' : 'exists',
        )
        const after = await t.state(uuid)
        if (!writes) return assert.deepEqual(after, before)
        assert.deepEqual(after, { ...PENDING, uuid })
      })
    }

    const reopens = from === 'FAILURE'
    test(`reopen over ${from} ${reopens ? 'makes it PENDING' : 'changes nothing'}`, async (t) => {
      const uuid = t.newUuid()
      await REACH[from](t, uuid)
      const before = await t.state(uuid)
      assert.equal(await t.reopen(uuid), reopens)
      assert.deepEqual(await t.state(uuid), reopens ? { ...PENDING, uuid } : before)
    })
  }
}

const PENDING = {
  taskName: 'add',
  state: 'PENDING',
  results: [],
  error: '',
  createdAt: CREATED_AT,
  ttl: 0,
  retryAt: undefined,
} as const
