import { describe, expect, it } from 'vitest'
import type { TaskState } from '../../../../src/core/task-state.ts'
import {
  decodeGroupMeta,
  decodeResults,
  decodeState,
  encodeGroupMeta,
  encodeResults,
  encodeState,
} from '../../../../src/core/wire/state-codec.ts'
import { thrownBy } from '../thrown.ts'
import { golden } from './golden.ts'

const PENDING: TaskState = {
  uuid: 'task_x',
  taskName: 'add',
  state: 'PENDING',
  results: [],
  error: '',
  createdAt: '2026-11-24T02:29:47.432455828Z',
  ttl: 0,
  retryAt: undefined,
}
const DONE: TaskState = {
  ...PENDING,
  state: 'SUCCESS',
  results: [{ type: 'int64', value: '9007199254740993' }],
}

describe('task states', () => {
  it('are the golden document, byte for byte', () => {
    expect(decodeState(golden('task-state'))).toEqual(PENDING)
    expect(decodeState(Buffer.from(golden('task-state')))).toEqual(PENDING)
    expect(encodeState(PENDING, 'full-fork')).toBe(golden('task-state'))
    expect(encodeState(PENDING, 'full')).toBe(golden('task-state'))
  })

  it('are written compactly by default', () => {
    expect(encodeState(PENDING)).toBe(
      '{"TaskUUID":"task_x","TaskName":"add","State":"PENDING","CreatedAt":"2026-11-24T02:29:47.432455828Z"}',
    )
    expect(encodeState({ ...DONE, taskName: '', createdAt: '' })).toBe(
      '{"TaskUUID":"task_x","State":"SUCCESS","Results":[{"Type":"int64","Value":9007199254740993}]}',
    )
  })

  it('write [] for a success without results and null otherwise, in the full forms', () => {
    expect(encodeState({ ...DONE, results: [] }, 'full')).toContain('"Results":[]')
    expect(encodeState({ ...PENDING, createdAt: '' }, 'full')).toContain(
      '"Results":null,"Error":"","CreatedAt":"0001-01-01T00:00:00Z","TTL":0}',
    )
  })

  it('escape as Go does in its forms only', () => {
    const failed: TaskState = { ...PENDING, state: 'FAILURE', error: '<"&' }
    expect(encodeState(failed, 'full-upstream')).toContain('"Error":"\\u003c\\"\\u0026"')
    expect(encodeState(failed, 'full')).toContain('"Error":"<\\"&"')
  })

  it.each(['compact', 'full', 'full-fork', 'full-upstream'] as const)('survive %s', (form) => {
    for (const state of [
      PENDING,
      DONE,
      { ...PENDING, state: 'RETRY' as const, error: 'e', retryAt: 5, ttl: 7 },
    ]) {
      expect(decodeState(encodeState(state, form))).toEqual(state)
    }
  })

  it('tolerate any case, nulls, unknown keys and the zero time', () => {
    const text =
      '{"taskuuid":"a","STATE":"RECEIVED","Results":null,"X":[{}],"TaskName":null,"CreatedAt":"0001-01-01T00:00:00Z"}'
    expect(decodeState(text)).toEqual({
      ...PENDING,
      uuid: 'a',
      taskName: '',
      state: 'RECEIVED',
      createdAt: '',
    })
  })

  it.each([
    ['{"State":"DONE"}', 'State "DONE" is unknown; it must be one of PENDING, RECEIVED'],
    ['{}', 'State "" is unknown'],
    ['[]', 'json: cannot unmarshal array into Go value of type tasks.TaskState'],
    ['{"State":"SUCCESS","Results":{}}', 'Go struct field TaskState.Results of type []*tasks.TaskResult'],
    ['{"State":"SUCCESS","Results":[1]}', 'cannot unmarshal number into Go struct field TaskState.Results'],
    [
      '{"State":"SUCCESS","TTL":"1"}',
      'cannot unmarshal string into Go struct field TaskState.TTL of type int64',
    ],
    ['{"State":"SUCCESS","CreatedAt":"x"}', 'cannot parse CreatedAt'],
    ['{"State":"SUCCESS"}}', 'after top-level value'],
  ])('refuse %s', (text, message) => {
    const error = thrownBy(() => decodeState(text))
    expect(error.code).toBe('ERR_DECODE')
    expect(error.message).toContain(message)
  })

  it('refuse counters that no number holds', () => {
    expect(thrownBy(() => encodeState({ ...PENDING, ttl: 0.5 })).code).toBe('ERR_ENCODE')
    expect(thrownBy(() => encodeState({ ...PENDING, retryAt: Number.NaN })).code).toBe('ERR_ENCODE')
  })
})

describe('results', () => {
  it('keep the text of their values', () => {
    const text = '[{"Type":"float64","Value":1.0},{"Type":"map[string]interface {}","Value":{"a" : 1e3}}]'
    expect(decodeResults(text)).toEqual([
      { type: 'float64', value: '1.0' },
      { type: 'map[string]interface {}', value: '{"a" : 1e3}' },
    ])
    expect(encodeResults(decodeResults(text))).toBe(text)
  })

  it('are empty for null and []', () => {
    expect(decodeResults('null')).toEqual([])
    expect(decodeResults('[]')).toEqual([])
    expect(encodeResults([])).toBe('[]')
  })

  it.each(['', '{}', '[1]', '[{"Type":1}]', '[]]'])('refuse %s', (text) => {
    expect(thrownBy(() => decodeResults(text)).code).toBe('ERR_DECODE')
  })
})

describe('group meta', () => {
  const meta = {
    groupUuid: 'group_x',
    taskUuids: ['task_1', 'task_2'],
    chordTriggered: false,
    lock: false,
    createdAt: '2026-11-24T02:29:47.432573471Z',
    ttl: 0,
  }

  it('is the golden document, byte for byte', () => {
    expect(decodeGroupMeta(golden('group-meta'))).toEqual(meta)
    expect(encodeGroupMeta(meta)).toBe(golden('group-meta'))
  })

  it('tolerates nulls, any case and unknown keys', () => {
    expect(
      decodeGroupMeta('{"groupuuid":"g","TaskUUIDs":null,"ChordTriggered":true,"LOCK":true,"X":{}}'),
    ).toEqual({
      groupUuid: 'g',
      taskUuids: [],
      chordTriggered: true,
      lock: true,
      createdAt: '',
      ttl: 0,
    })
  })

  it.each(['{"TaskUUIDs":{}}', '{"TaskUUIDs":[1]}', '{"Lock":1}', 'null', '{"TTL":1.0}'])(
    'refuses %s',
    (text) => {
      expect(thrownBy(() => decodeGroupMeta(text)).code).toBe('ERR_DECODE')
    },
  )
})
