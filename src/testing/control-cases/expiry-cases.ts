import assert from 'node:assert/strict'
import type { ControlCase } from '../control-harness.ts'

const SHORT_MS = 300

/** Values that run out. */
export function expiryCases(test: ControlCase): void {
  test('a value is there until its time has passed, and then it is not', async (t) => {
    const area = t.newArea()
    await t.put(area, 'short', '1', SHORT_MS)
    await t.put(area, 'long', '2', 60_000)
    await t.put(area, 'kept', '3')
    assert.equal((await t.list(area)).length, 3)
    await t.pass(SHORT_MS + 50)
    assert.deepEqual(await t.control.get(area, ['short', 'long', 'kept']), [undefined, '2', '3'])
    assert.deepEqual(
      (await t.list(area)).map(({ key }) => key),
      ['kept', 'long'],
    )
  })

  test('an area of which everything ran out is empty', async (t) => {
    const area = t.newArea()
    await t.put(area, 'a', '1', SHORT_MS)
    await t.put(area, 'b', '2', SHORT_MS)
    await t.pass(SHORT_MS + 50)
    assert.deepEqual(await t.list(area), [])
    await t.put(area, 'a', 'again', 60_000)
    assert.deepEqual(await t.list(area), [{ key: 'a', value: 'again' }])
  })

  test('put again re-arms the time', async (t) => {
    const area = t.newArea()
    const started = t.session.clock.monotonic()
    for (let round = 0; round < 4; round++) {
      await t.put(area, 'a', String(round), 20 * SHORT_MS)
      await t.put(area, 'b', String(round), SHORT_MS)
      await t.pass(SHORT_MS / 2)
    }
    assert.equal(await t.value(area, 'a'), '3')
    assert.ok(t.session.clock.monotonic() - started >= SHORT_MS, 'longer than one time of keeping')
    await t.put(area, 'b', 'longer', 60_000)
    await t.pass(2 * SHORT_MS)
    assert.equal(await t.value(area, 'b'), 'longer')
  })

  test('put again may take the end away, or set one', async (t) => {
    const area = t.newArea()
    await t.put(area, 'a', '1', SHORT_MS)
    await t.put(area, 'a', '2')
    await t.put(area, 'b', '1')
    await t.put(area, 'b', '2', SHORT_MS)
    await t.pass(SHORT_MS + 50)
    assert.deepEqual(await t.control.get(area, ['a', 'b']), ['2', undefined])
  })

  test('many values that ran out do not come back, and leave room for new ones', async (t) => {
    const area = t.newArea()
    const keys = Array.from({ length: 200 }, (_, index) => `old ${index}`)
    await t.control.put(
      area,
      keys.map((key) => ({ key, value: 'old', expiresInMs: SHORT_MS })),
    )
    await t.pass(SHORT_MS + 50)
    for (let round = 0; round < 3; round++) {
      await t.put(area, `new ${round}`, 'new')
      await t.put(area, 'old 199', `new in round ${round}`)
      assert.deepEqual(
        (await t.list(area)).map(({ key }) => key),
        [...Array.from({ length: round + 1 }, (_, index) => `new ${index}`), 'old 199'],
      )
    }
    assert.equal(await t.value(area, 'old 199'), 'new in round 2')
  })
}
