import assert from 'node:assert/strict'
import type { ScheduleCase } from '../schedule-harness.ts'

const SPEC = 'CRON_TZ=Europe/Berlin */5 * * * *'

/** Storing, changing, pausing and removing schedules. */
export function definitionCases(test: ScheduleCase): void {
  test('the time of the store moves on, and is the same for all', async (t) => {
    const before = await t.schedules.now()
    await t.pass(50)
    const after = await t.other.now()
    assert.ok(after >= before + 40 && after < before + 10_000, `from ${before} to ${after} in 50 ms`)
  })

  test('put stores it as it was given, last fired never, at the time of the store', async (t) => {
    const name = t.newName()
    const before = Math.floor(await t.schedules.now())
    const stored = await t.put(name, SPEC, '{"overlap":"skip"}')
    const after = Math.ceil(await t.schedules.now())
    const { lastTickAt, ...rest } = stored
    assert.deepEqual(rest, {
      name,
      spec: SPEC,
      options: '{"overlap":"skip"}',
      hasFired: false,
      isPaused: false,
    })
    assert.ok(before <= lastTickAt && lastTickAt <= after, `${lastTickAt} is not in ${before}…${after}`)
    assert.deepEqual(await t.other.get(name), stored, 'another server sees it')
  })

  test('put again keeps the last tick and the pause, and takes the new options', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name, SPEC)
    assert.equal(await t.fire(name, lastTickAt + 1_000), 'fired')
    assert.equal(await t.schedules.setPaused(name, true), true)
    await t.pass(20)
    const again = await t.put(name, SPEC, '{"dst":"utc"}')
    assert.deepEqual(again, {
      name,
      spec: SPEC,
      options: '{"dst":"utc"}',
      lastTickAt: lastTickAt + 1_000,
      hasFired: true,
      isPaused: true,
    })
  })

  test('put again before the first tick keeps the moment of the first put', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    await t.pass(20)
    assert.equal((await t.put(name)).lastTickAt, lastTickAt)
  })

  test('put with another spec moves the last tick up to now', async (t) => {
    const name = t.newName()
    const first = await t.put(name, SPEC)
    await t.fire(name, first.lastTickAt + 1)
    await t.pass(20)
    const before = Math.floor(await t.schedules.now())
    const changed = await t.put(name, '@every 1s')
    assert.ok(changed.lastTickAt >= before, `${changed.lastTickAt} is before ${before}`)
    assert.deepEqual([changed.spec, changed.hasFired], ['@every 1s', true])
  })

  test('put with another spec never moves the last tick back', async (t) => {
    const name = t.newName()
    const ahead = (await t.put(name, SPEC)).lastTickAt + 3_600_000
    await t.fire(name, ahead)
    assert.equal((await t.put(name, '@every 1s')).lastTickAt, ahead)
  })

  test('keeps any name to the letter, and tells schedules apart by it', async (t) => {
    const name = t.newName()
    const names = [`${name}"'{}%*`, `${name} \u2603 ü`, `${name}:x`, name.toUpperCase(), name]
    for (const one of names) await t.put(one, `CRON_TZ=UTC ${names.indexOf(one)} * * * *`)
    for (const [index, one] of names.entries()) {
      const stored = await t.schedules.get(one)
      assert.deepEqual([stored?.name, stored?.spec], [one, `CRON_TZ=UTC ${index} * * * *`])
    }
  })

  test('list answers all of them, by name', async (t) => {
    const prefix = t.newName()
    for (const letter of ['c', 'a', 'b']) await t.put(`${prefix}-${letter}`)
    const listed = (await t.other.list()).filter(({ name }) => name.startsWith(prefix))
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['a', 'b', 'c'].map((letter) => `${prefix}-${letter}`),
    )
    assert.deepEqual(listed[0], await t.schedules.get(`${prefix}-a`))
  })

  test('what is not there is not there', async (t) => {
    const name = t.newName()
    assert.equal(await t.schedules.get(name), undefined)
    assert.equal(await t.schedules.setPaused(name, true), false)
    assert.equal(await t.schedules.remove(name), false)
    assert.equal(await t.fire(name, (await t.schedules.now()) + 1), 'skipped')
    await t.schedules.published(name, 1)
  })

  test('a paused one does not fire; what it missed stays missed when it is resumed', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    assert.equal(await t.other.setPaused(name, true), true)
    assert.equal((await t.schedules.get(name))?.isPaused, true)
    assert.equal(await t.fire(name, lastTickAt + 5), 'skipped')
    await t.pass(30)
    const before = Math.floor(await t.schedules.now())
    assert.equal(await t.schedules.setPaused(name, false), true)
    const resumed = await t.schedules.get(name)
    assert.ok((resumed?.lastTickAt ?? 0) >= before, 'the last tick was not moved up')
    assert.deepEqual([resumed?.isPaused, resumed?.hasFired], [false, false])
    assert.equal(await t.fire(name, before - 1), 'skipped')
    assert.equal(await t.fire(name, (resumed?.lastTickAt ?? 0) + 1), 'fired')
  })

  test('resuming one that is not paused leaves its last tick alone', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    await t.pass(20)
    assert.equal(await t.schedules.setPaused(name, false), true)
    assert.equal((await t.schedules.get(name))?.lastTickAt, lastTickAt)
  })

  test('remove takes it away with its outbox; put again begins anew', async (t) => {
    const [name, neighbour] = [t.newName(), t.newName()]
    const { lastTickAt } = await t.put(name)
    await t.put(neighbour)
    await t.fire(name, lastTickAt + 60_000)
    await t.fire(neighbour, lastTickAt + 60_000)
    assert.equal(await t.schedules.remove(name), true)
    assert.equal(await t.other.get(name), undefined)
    assert.deepEqual(await t.outboxOf(name), [])
    assert.equal(await t.fire(name, lastTickAt + 61_000), 'skipped')
    assert.deepEqual(await t.outboxOf(neighbour), [lastTickAt + 60_000])
    const again = await t.put(name)
    assert.deepEqual([again.hasFired, again.lastTickAt < lastTickAt + 60_000], [false, true])
  })
}
