import { describe, expect, it } from 'vitest'

import { tickUuids } from '../../../src/periodic/tick-id.ts'
import { task } from '../../../src/task/task.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { gate, type Gate } from '../../support/builders.ts'
import { MINUTE, scheduling, START, type Scheduling } from './scheduling.ts'

const SPEC = 'CRON_TZ=UTC * * * * *'

/** A task that ends when the test says so, and the minutes in which it began. */
function gated(world: Scheduling) {
  const began: number[] = []
  const gates: Gate[] = []
  const slow = task('slow', async () => {
    began.push(Math.floor((world.clock.now() - START) / MINUTE))
    const one = gate()
    gates.push(one)
    await one.opened
  })
  const last = task('last', () => {})
  return { began, gates, slow, last }
}

const kinds = ['a task', 'the first step of a chain'] as const

describe.each(kinds)('while a run of %s goes on', (kind) => {
  const workOf = ({ slow, last }: Pick<ReturnType<typeof gated>, 'slow' | 'last'>) =>
    kind === 'a task' ? slow() : chain(slow(), last())
  const start = async (world: Scheduling, overlap: 'allow' | 'skip' | 'queue', servers = 2) => {
    const { began, gates, slow, last } = gated(world)
    for (let count = 0; count < servers; count++) {
      const { server } = await world.open({ server: { tasks: [slow, last] } })
      await server.schedule('slow', SPEC, workOf({ slow, last }), { overlap })
      if (count === 0) await server.startWorker({ noSignals: true, concurrency: 10 })
    }
    return { began, gates }
  }
  const open = async (world: Scheduling, gates: readonly Gate[]): Promise<void> => {
    for (const one of gates) one.open()
    await world.clock.settle()
  }

  it('further ones begin with overlap allow', async () => {
    await using world = scheduling()
    const { began, gates } = await start(world, 'allow')
    await world.clock.advance(3.5 * MINUTE)
    expect(began).toEqual([1, 2, 3])
    await open(world, gates)
  })

  it('its ticks are skipped with overlap skip, however many', async () => {
    await using world = scheduling()
    const { began, gates } = await start(world, 'skip')
    await world.clock.advance(4.5 * MINUTE)
    expect(began).toEqual([1])
    expect(await world.schedules.get('slow')).toMatchObject({ lastTickAt: START + 4 * MINUTE })
    await open(world, gates)
    await world.clock.advance(20_000)
    expect(began).toEqual([1])
    await world.clock.advance(2 * MINUTE)
    expect(began).toEqual([1, 5])
    await open(world, gates)
  })

  it('a server that starts meanwhile finds it too', async () => {
    await using world = scheduling()
    const { began, gates } = await start(world, 'skip', 1)
    await world.clock.advance(3.5 * MINUTE)
    const { server } = await world.open()
    await server.schedule('slow', SPEC, workOf(gated(world)), { overlap: 'skip' })
    await world.clock.advance(2 * MINUTE)
    expect(began).toEqual([1])
    await open(world, gates)
  })

  it('the newest of its ticks runs when it has ended, with overlap queue', async () => {
    await using world = scheduling()
    const { began, gates } = await start(world, 'queue')
    await world.clock.advance(3.5 * MINUTE)
    expect(began).toEqual([1])
    await open(world, gates)
    await world.clock.advance(2_000)
    expect(began).toEqual([1, 3])
    expect(await world.schedules.get('slow')).toMatchObject({ lastTickAt: START + 3 * MINUTE })
    await open(world, gates)
    await world.clock.advance(MINUTE)
    expect(began).toEqual([1, 3, 4])
    await open(world, gates)
  })
})

describe('a run counts as ended', () => {
  it('when it has failed', async () => {
    await using world = scheduling()
    let runs = 0
    const fails = task('fails', (): void => {
      runs += 1
      throw new Error('no')
    })
    const { server } = await world.open({ server: { tasks: [fails] } })
    await server.startWorker({ noSignals: true })
    await server.schedule('fails', SPEC, chain(fails(), fails()), { overlap: 'skip' })
    await world.clock.advance(3.5 * MINUTE)
    expect(runs).toBe(3)
  })

  it('when nothing is stored of it any more', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    const { slow } = gated(world)
    await server.schedule('slow', SPEC, slow(), { overlap: 'skip' })
    await world.clock.advance(1.5 * MINUTE)
    const uuid = tickUuids({ name: 'slow', spec: SPEC, tickAt: START + MINUTE }).uuidOf('it')
    await server.purgeResults([uuid])
    await world.clock.advance(MINUTE)
    expect(await world.messages()).toHaveLength(2)
  })

  it('not while it waits to be published', async () => {
    await using world = scheduling()
    const { server, faults } = await world.open({ fused: false })
    const { slow } = gated(world)
    await server.schedule('slow', SPEC, slow(), { overlap: 'queue' })
    faults.down = true
    await world.clock.advance(3.5 * MINUTE)
    faults.down = false
    await world.clock.advance(15_000)
    expect((await world.messages()).map(({ uuid }) => uuid)).toEqual([
      tickUuids({ name: 'slow', spec: SPEC, tickAt: START + MINUTE }).uuidOf('it'),
    ])
  })
})
