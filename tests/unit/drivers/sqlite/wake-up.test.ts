import { EventEmitter } from 'node:events'
import type { FSWatcher } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

import { describe, expect, it } from 'vitest'

import { openEngine } from '../../../../src/drivers/sqlite/sqlite-engine.ts'
import type { WatchFile } from '../../../../src/drivers/sqlite/sqlite-wake-up.ts'
import { fakeClock } from '../../../../src/testing/index.ts'
import { closing, newPath } from './store-fixture.ts'

/** A watcher that tells only what the test says. */
function silentWatch() {
  const started: ((event: string) => void)[] = []
  let closed = 0
  const watch: WatchFile = (_, onEvent) => {
    started.push(onEvent)
    return Object.assign(new EventEmitter(), { close: () => closed++ }) as unknown as FSWatcher
  }
  return { watch, started, closed: () => closed }
}

function open(watch: WatchFile) {
  const clock = fakeClock()
  const engine = closing(openEngine({ path: newPath(), clock }, watch))
  const other = new DatabaseSync(engine.settings.path)
  closing({ close: async () => other.close() })
  let wakes = 0
  engine.wakeUp.listen(() => wakes++)
  const commit = (name: string) => other.prepare('INSERT INTO queue(name) VALUES (?)').run(name)
  return { clock, wakeUp: engine.wakeUp, commit, connection: engine.connection, wakes: () => wakes }
}

describe('the wake-up', () => {
  it('learns by the event, and at the latest by the poll, of commits of others', async () => {
    const { watch, started } = silentWatch()
    const { clock, wakeUp, commit, wakes } = open(watch)
    const end = wakeUp.wait()
    const before = wakes()
    commit('told')
    started[0]?.('change')
    expect(wakes()).toBe(before + 1)
    commit('not told')
    await clock.advance(249)
    expect(wakes()).toBe(before + 1)
    await clock.advance(1)
    expect(wakes()).toBe(before + 2)
    end()
    commit('nobody waits')
    await clock.advance(1_000)
    expect(wakes()).toBe(before + 2)
    expect(clock.pendingTimers).toBe(0)
  })

  it('looks again after an event that came before the commit could be read', async () => {
    const { watch, started } = silentWatch()
    const { clock, wakeUp, commit, wakes } = open(watch)
    const end = wakeUp.wait()
    const before = wakes()
    started[0]?.('change')
    await clock.advance(2)
    commit('after its event')
    await clock.advance(2)
    expect(wakes()).toBe(before + 1)
    end()
  })

  it('polls faster where files cannot be watched', async () => {
    const { clock, wakeUp, commit, wakes } = open(() => {
      throw new Error('ENOSYS')
    })
    const end = wakeUp.wait()
    const before = wakes()
    commit('not told')
    await clock.advance(25)
    expect(wakes()).toBe(before + 1)
    end()
  })

  it('watches anew when the file was replaced', async () => {
    const { watch, started, closed } = silentWatch()
    const { clock, wakeUp } = open(watch)
    const end = wakeUp.wait()
    started[0]?.('rename')
    expect(closed()).toBe(1)
    await clock.advance(250)
    expect(started).toHaveLength(2)
    end()
  })

  it('misses nothing that was committed between a look and the wait', () => {
    const { watch } = silentWatch()
    const { wakeUp, commit, wakes } = open(watch)
    wakeUp.wait()()
    const before = wakes()
    commit('in between')
    const end = wakeUp.wait()
    expect(wakes()).toBe(before + 1)
    end()
  })

  it('is not woken by commits of its own connection', async () => {
    const { watch, started } = silentWatch()
    const { clock, wakeUp, connection, wakes } = open(watch)
    const end = wakeUp.wait()
    const before = wakes()
    connection.db.exec("INSERT INTO queue(name) VALUES ('own')")
    started[0]?.('change')
    await clock.advance(500)
    expect(wakes()).toBe(before)
    end()
  })
})
