import assert from 'node:assert/strict'
import { bytes } from '../broker-harness.ts'
import type { ScheduleCase } from '../schedule-harness.ts'

/** Exactly one winner per tick. */
export function fireCases(test: ScheduleCase): void {
  test('a tick fires once, and moves the last tick', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    assert.equal(await t.fire(name, lastTickAt + 1_000), 'fired')
    const stored = await t.other.get(name)
    assert.deepEqual([stored?.lastTickAt, stored?.hasFired], [lastTickAt + 1_000, true])
    assert.equal(await t.fire(name, lastTickAt + 1_000), 'skipped')
    assert.deepEqual(await t.outboxOf(name), [lastTickAt + 1_000])
  })

  test('the moment of the first put is no tick', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    assert.equal(await t.fire(name, lastTickAt), 'skipped')
    assert.deepEqual(await t.outboxOf(name), [])
  })

  test('an earlier tick never fires after a later one', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    assert.equal(await t.fire(name, lastTickAt + 3_000), 'fired')
    assert.equal(await t.fire(name, lastTickAt + 2_000), 'skipped')
    assert.equal((await t.schedules.get(name))?.lastTickAt, lastTickAt + 3_000)
    assert.deepEqual(await t.outboxOf(name), [lastTickAt + 3_000])
  })

  test('a tick that was published does not fire again', async (t) => {
    const name = t.newName()
    const tickAt = (await t.put(name)).lastTickAt + 1_000
    await t.fire(name, tickAt)
    await t.schedules.published(name, tickAt)
    assert.equal(await t.fire(name, tickAt), 'skipped')
    assert.deepEqual(await t.outboxOf(name), [])
  })

  test('concurrent fires of one tick over two connections have one winner', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    for (const tickAt of t.ticksAfter(lastTickAt, 10)) {
      const fires = Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? t.schedules : t.other).fire({ name, tickAt, payload: bytes(`${index}`) }),
      )
      const outcomes = await t.settled(Promise.all(fires), 'ten fires')
      assert.equal(outcomes.filter((outcome) => outcome === 'fired').length, 1)
      const [entry] = (await t.schedules.outbox(0, 1_000)).filter(
        (one) => one.name === name && one.tickAt === tickAt,
      )
      const winner = outcomes.indexOf('fired')
      assert.equal(Buffer.from(entry?.payload ?? []).toString(), `${winner}`, 'the payload of the winner')
    }
    assert.equal((await t.outboxOf(name)).length, 10)
  })

  test('ticks that race with each other fire at most once each, and in order', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    const ticks = t.ticksAfter(lastTickAt, 20)
    const shuffled = ticks.toSorted((a, b) => ((a * 7_919) % 1_013) - ((b * 7_919) % 1_013))
    const fires = shuffled.map((tickAt, index) =>
      (index % 2 === 0 ? t.schedules : t.other).fire({ name, tickAt, payload: bytes('x') }),
    )
    const outcomes = await t.settled(Promise.all(fires), 'twenty fires')
    const fired = shuffled.filter((_, index) => outcomes[index] === 'fired')
    assert.deepEqual(
      (await t.outboxOf(name)).toSorted((a, b) => a - b),
      fired.toSorted((a, b) => a - b),
    )
    assert.equal((await t.schedules.get(name))?.lastTickAt, ticks.at(-1))
  })

  test('schedules do not hold each other back', async (t) => {
    const [one, other] = [t.newName(), t.newName()]
    const { lastTickAt } = await t.put(one)
    await t.put(other)
    assert.equal(await t.fire(one, lastTickAt + 60_000), 'fired')
    assert.equal(await t.fire(other, lastTickAt + 1_000), 'fired')
  })
}
