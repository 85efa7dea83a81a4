import assert from 'node:assert/strict'
import type { ControlCase } from '../control-harness.ts'

const TEXTS = ['', ' ', 'NUL \0', '"quotes" \\', '☃ \u{1f600}', 'a\nb', '{"json":[1]}', 'x'.repeat(20_000)]

/** Writing, reading, listing and removing. */
export function valueCases(test: ControlCase): void {
  test('what was put is read by every process', async (t) => {
    const area = t.newArea()
    await t.put(area, 'a', 'one')
    assert.equal(await t.value(area, 'a'), 'one')
    assert.deepEqual(await t.other.get(area, ['a']), ['one'])
    assert.deepEqual(await t.list(area), [{ key: 'a', value: 'one' }])
  })

  test('put again replaces the value', async (t) => {
    const area = t.newArea()
    await t.put(area, 'a', 'one')
    await t.other.put(area, [{ key: 'a', value: 'two', expiresInMs: Infinity }])
    assert.equal(await t.value(area, 'a'), 'two')
    assert.equal((await t.list(area)).length, 1)
  })

  test('a batch is written whole; the last value of a key stays', async (t) => {
    const area = t.newArea()
    const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`)
    await t.control.put(area, [
      { key: 'key 7', value: 'first', expiresInMs: 60_000 },
      ...keys.map((key) => ({ key, value: `value of ${key}`, expiresInMs: Infinity })),
    ])
    assert.deepEqual(
      await t.other.get(area, keys),
      keys.map((key) => `value of ${key}`),
    )
    assert.equal((await t.list(area)).length, 300)
  })

  test('get answers in the order of the keys, undefined for what is not there', async (t) => {
    const area = t.newArea()
    await t.put(area, 'a', '1')
    await t.put(area, 'c', '3')
    assert.deepEqual(await t.control.get(area, ['c', 'b', 'a', 'c']), ['3', undefined, '1', '3'])
    assert.deepEqual(await t.control.get(t.newArea(), ['a']), [undefined])
  })

  test('nothing asked for is nothing done', async (t) => {
    const area = t.newArea()
    await t.control.put(area, [])
    await t.control.remove(area, [])
    assert.deepEqual(await t.control.get(area, []), [])
    assert.deepEqual(await t.list(area), [])
  })

  test('list answers by key, and by the beginning of the key', async (t) => {
    const area = t.newArea()
    const keys = ['task/a', 'queue/b', 'queue/', 'queue', 'queue/a', 'Queue/a', 'queue/ü', 'queue0']
    for (const key of keys) await t.put(area, key, key)
    const listed = async (prefix?: string) => (await t.list(area, prefix)).map(({ key }) => key)
    assert.deepEqual(await listed(), keys.toSorted())
    assert.deepEqual(await listed('queue/'), ['queue/', 'queue/a', 'queue/b', 'queue/ü'])
    assert.deepEqual(await listed('queue/a'), ['queue/a'])
    assert.deepEqual(await listed('none'), [])
  })

  test('areas keep keys apart', async (t) => {
    const [one, two] = [t.newArea(), t.newArea()]
    await t.put(one, 'a', '1')
    await t.put(two, 'a', '2')
    await t.control.remove(one, ['a'])
    assert.deepEqual([await t.value(one, 'a'), await t.value(two, 'a')], [undefined, '2'])
    assert.deepEqual(await t.list(one), [])
  })

  test('keys and values are kept to the letter', async (t) => {
    const area = t.newArea()
    await t.control.put(
      area,
      TEXTS.map((text) => ({ key: text, value: text, expiresInMs: Infinity })),
    )
    assert.deepEqual(await t.other.get(area, TEXTS), TEXTS)
    assert.deepEqual(
      (await t.list(area)).map(({ key }) => key),
      TEXTS.toSorted(),
    )
    for (const text of TEXTS) assert.equal((await t.list(area, text))[0]?.value, text)
  })

  test('what was removed is gone; removing it again does nothing', async (t) => {
    const area = t.newArea()
    await t.put(area, 'a', '1')
    await t.put(area, 'b', '2', 60_000)
    await t.put(area, 'c', '3')
    await t.other.remove(area, ['a', 'b', 'none'])
    await t.control.remove(area, ['a'])
    assert.deepEqual(await t.list(area), [{ key: 'c', value: '3' }])
    await t.put(area, 'a', 'again')
    assert.equal(await t.value(area, 'a'), 'again')
  })

  test('values survive the end of all processes', async (t) => {
    if (t.session.reopen === undefined) return
    const area = t.newArea()
    await t.put(area, 'kept', '1')
    await t.put(area, 'for a while', '2', 60_000)
    const reopened = await t.session.reopen()
    assert.deepEqual(await reopened.get(area, ['kept', 'for a while']), ['1', '2'])
  })
}
