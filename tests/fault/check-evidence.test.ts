import { describe, expect, it } from 'vitest'

import type { TaskState } from '../../src/core/task-state.ts'
import { checkEvidence, isViolation, terminalMark, type Evidence } from './check-evidence.ts'
import { faultOptions } from './fault-options.ts'
import type { LogEntry } from './run-log.ts'
import { openTally } from './tally.ts'

const poison = [{ what: 'not JSON' as const, body: Buffer.from('poison') }]
const deadLetter = {
  id: '1',
  body: Buffer.from('poison'),
  queue: 'q',
  reason: 'undecodable',
  deadAt: 0,
  deliveryCount: 0,
}

function success(uuid: string, fence: string): TaskState {
  return {
    uuid,
    taskName: 'fault_work',
    state: 'SUCCESS',
    results: [{ type: 'string', value: JSON.stringify(fence) }],
    error: '',
    createdAt: '',
    ttl: 0,
    retryAt: undefined,
  }
}

function logOf(uuid: string, fence: string): readonly LogEntry[] {
  const run = { uuid, pid: 1, attempt: 1, fence }
  return [
    { kind: 'attempted', uuid },
    { kind: 'started', ...run },
    { kind: 'ended', ...run },
    { kind: 'acknowledged', uuid },
  ]
}

/** A run of one task that went well, with changes. */
function evidence(changes: Partial<Evidence> = {}, log = logOf('a', 'f1')): Evidence {
  const tally = openTally()
  tally.add(log)
  const options = faultOptions('none', { kills: 0 })
  return {
    options,
    tally,
    states: new Map([['a', success('a', 'f1')]]),
    witnessed: new Map([['a', terminalMark(success('a', 'f1'))]]),
    commits: new Map([['a', 1]]),
    stats: { queue: 'q', pending: 0, delayed: 0, inFlight: 0, dead: 1, oldestPendingAt: undefined },
    dead: [deadLetter],
    poison,
    kills: 0,
    pauses: 0,
    disturbances: {},
    happened: options.disturbances,
    resumptions: [],
    leftovers: [],
    faults: [],
    ...changes,
  }
}

function violations(found: Evidence): readonly string[] {
  return checkEvidence(found)
    .filter(isViolation)
    .map(({ what }) => what)
}

describe('the checker of the fault harness', () => {
  it('accepts a run that went well', () => {
    expect(violations(evidence())).toEqual([])
  })

  it.each<[string, Partial<Evidence>]>([
    ['lost: acknowledged, no end', { states: new Map([['a', undefined]]), witnessed: new Map() }],
    [
      'failed: acknowledged, FAILURE',
      { states: new Map([['a', { ...success('a', ''), state: 'FAILURE' }]]), witnessed: new Map() },
    ],
    ['committed twice, by the ledger', { commits: new Map([['a', 2]]) }],
    ['SUCCESS that is not in the ledger', { commits: new Map() }],
    [
      'terminal states that changed',
      { witnessed: new Map([['a', terminalMark(success('a', 'another run'))]]) },
    ],
    ['faults that did not happen', { options: faultOptions('none', { kills: 0, pauses: 1 }) }],
    [
      'faults that did not happen',
      { options: faultOptions('none', { kills: 0, disturbances: { freezes: 1 } }) },
    ],
    ['left over in the store', { leftovers: ['mq:{q}:land'] }],
    [
      'ms until work resumed: freezes',
      { resumptions: [{ name: 'freezes', longestMs: 5_001, mostMs: 5_000 }] },
    ],
    ['left pending', { stats: { ...evidence().stats, pending: 1 } }],
    ['left delayed', { stats: { ...evidence().stats, delayed: 1 } }],
    ['left in flight', { stats: { ...evidence().stats, inFlight: 1 } }],
    ['poison that is not dead', { dead: [] }],
    ['dead letters without a reason', { dead: [{ ...deadLetter, reason: '' }] }],
    ['dead letters that are no poison', { dead: [deadLetter, { ...deadLetter, body: Buffer.from('good') }] }],
    ['other faults', { faults: ['worker_1 ended with code 1'] }],
  ])('reports %s', (what, changes) => {
    expect(violations(evidence(changes))).toEqual([what])
  })

  it.each<[string, readonly LogEntry[]]>([
    ['executed, never sent', [...logOf('a', 'f1'), ...logOf('b', 'f2').slice(1, 3)]],
    ['results of a run that did not end', logOf('a', 'f1').filter(({ kind }) => kind !== 'ended')],
    ['repeated executions', [...logOf('a', 'f1'), ...logOf('a', 'f1').slice(1, 2)]],
  ])('reports %s', (what, log) => {
    expect(violations(evidence({}, log))).toEqual([what])
  })

  it('reports a task that has a result and was never executed', () => {
    const log = logOf('a', 'f1').filter(({ kind }) => kind === 'attempted' || kind === 'acknowledged')
    expect(violations(evidence({}, log))).toContain('acknowledged, never executed')
  })

  it('allows one repeated execution in a hundred where handlers do nothing and workers keep up', () => {
    const thrice = [...logOf('a', 'f1'), ...logOf('a', 'f1').slice(1, 2), ...logOf('a', 'f1').slice(1, 2)]
    const options = faultOptions('none', { kills: 1, handlerMs: 0, tasks: 100, rate: 1 })
    expect(violations(evidence({ options, kills: 1 }, thrice))).toEqual(['repeated executions'])
  })

  it('allows as many repeated executions as kills can cause', () => {
    const twice = [...logOf('a', 'f1'), ...logOf('a', 'f1').slice(1, 2)]
    expect(violations(evidence({ options: faultOptions('none', { kills: 1 }), kills: 1 }, twice))).toEqual([])
  })
})
