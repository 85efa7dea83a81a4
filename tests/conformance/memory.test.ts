import { describe, it } from 'vitest'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { Consumer } from '../../src/core/ports/broker.ts'
import type { ControlStore } from '../../src/core/ports/control-store.ts'
import type { ScheduleStore } from '../../src/core/ports/schedule-store.ts'
import { memoryBackend, memoryStore } from '../../src/drivers/memory/index.ts'
import {
  backendConformance,
  brokerConformance,
  controlConformance,
  fakeClock,
  lockConformance,
  memoryFaults,
  sameStoreConformance,
  scheduleConformance,
} from '../../src/testing/index.ts'

function open(clock: Clock) {
  const store = memoryStore({ clock })
  const { broker, backend, lock } = store
  const second = store.open().backend
  const faults = memoryFaults(store)
  return {
    broker,
    backend,
    lock,
    schedules: backend.schedules as ScheduleStore,
    other: second.schedules as ScheduleStore,
    control: backend.control as ControlStore,
    otherControl: second.control as ControlStore,
    foreign: memoryBackend({ clock }),
    clock,
    crash: async (consumer: Consumer) => faults.crash(consumer),
    expire: async (consumer: Consumer) => faults.loseLease(faults.held(consumer)),
    close: () => store.close(),
  }
}

async function openOnFakeTime() {
  const clock = fakeClock()
  return { ...open(clock), advance: (ms: number) => clock.advance(ms) }
}

for (const harness of [
  { name: 'memory', open: openOnFakeTime },
  // On real time too, so that the suites themselves are known to work there.
  { name: 'memory on real time', open: async () => open(systemClock) },
]) {
  brokerConformance({ describe, it }, harness)
  backendConformance({ describe, it }, harness)
  lockConformance({ describe, it }, harness)
  sameStoreConformance({ describe, it }, harness)
  scheduleConformance({ describe, it }, harness)
  controlConformance(
    { describe, it },
    {
      name: harness.name,
      open: async () => {
        const session = await harness.open()
        return { ...session, other: session.otherControl }
      },
    },
  )
}
