import assert from 'node:assert/strict'
import { assertBytes } from '../assert-bytes.ts'
import type { ScheduleCase } from '../schedule-harness.ts'

/** What was fired and is not known to be published. */
export function outboxCases(test: ScheduleCase): void {
  test('an entry has the bytes of the tick and the time of the store', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    const payload = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256)
    const before = Math.floor(await t.schedules.now())
    await t.settled(t.schedules.fire({ name, tickAt: lastTickAt + 1, payload }), 'fire')
    const after = Math.ceil(await t.schedules.now())
    const [entry] = (await t.other.outbox(0, 1_000)).filter((one) => one.name === name)
    assert.ok(entry !== undefined, 'the tick is not in the outbox')
    assert.equal(entry.tickAt, lastTickAt + 1)
    assert.ok(
      before <= entry.firedAt && entry.firedAt <= after,
      `${entry.firedAt} is not in ${before}…${after}`,
    )
    assertBytes(entry.payload, payload)
  })

  test('an empty payload is one', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    assert.equal(await t.fire(name, lastTickAt + 1, ''), 'fired')
    const [entry] = (await t.schedules.outbox(0, 1_000)).filter((one) => one.name === name)
    assert.equal(entry?.payload.byteLength, 0)
  })

  test('what a server that died had fired is found by another one, until it is published', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    const ticks = t.ticksAfter(lastTickAt, 2)
    for (const tickAt of ticks) await t.fire(name, tickAt)
    assert.deepEqual(await t.outboxOf(name), ticks)
    await t.other.published(name, ticks[0] as number)
    assert.deepEqual(await t.outboxOf(name), ticks.slice(1))
    await t.other.published(name, ticks[0] as number)
    await t.schedules.published(name, ticks[1] as number)
    assert.deepEqual(await t.outboxOf(name), [])
  })

  test('it survives the end of all servers, where the store does', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    await t.fire(name, lastTickAt + 1_000)
    const stored = await t.schedules.get(name)
    const again = await t.session.reopen?.()
    if (again === undefined) return
    assert.deepEqual(await again.get(name), stored)
    const entries = (await again.outbox(0, 1_000)).filter((entry) => entry.name === name)
    assert.deepEqual(
      entries.map(({ tickAt }) => tickAt),
      [lastTickAt + 1_000],
    )
  })

  test('only what is old enough is answered', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    await t.fire(name, lastTickAt + 1)
    assert.deepEqual(await t.outboxOf(name, 3_600_000), [])
    await t.pass(60)
    await t.fire(name, lastTickAt + 2)
    assert.deepEqual(await t.outboxOf(name, 40), [lastTickAt + 1])
    assert.deepEqual(await t.outboxOf(name), [lastTickAt + 1, lastTickAt + 2])
  })

  test('the oldest come first, at most as many as asked for', async (t) => {
    const [one, other] = [t.newName(), t.newName()]
    const { lastTickAt } = await t.put(one)
    await t.put(other)
    await t.fire(other, lastTickAt + 9_000)
    await t.pass(10)
    for (const tickAt of t.ticksAfter(lastTickAt, 4)) {
      await t.fire(one, tickAt)
      await t.pass(5)
    }
    const entries = await t.schedules.outbox(0, 1_000)
    const firedAt = entries.map((entry) => entry.firedAt)
    assert.deepEqual(
      firedAt,
      firedAt.toSorted((a, b) => a - b),
    )
    assert.deepEqual(await t.schedules.outbox(0, 3), entries.slice(0, 3))
    const mine = entries.filter(({ name }) => name === one || name === other)
    assert.deepEqual(
      mine.map(({ tickAt }) => tickAt),
      [lastTickAt + 9_000, ...t.ticksAfter(lastTickAt, 4)],
    )
  })

  test('a pause leaves it as it is', async (t) => {
    const name = t.newName()
    const { lastTickAt } = await t.put(name)
    await t.fire(name, lastTickAt + 1)
    await t.schedules.setPaused(name, true)
    assert.deepEqual(await t.outboxOf(name), [lastTickAt + 1])
  })
}
