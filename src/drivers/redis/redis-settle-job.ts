import type { SettleOutcome, Settlement } from '../../core/ports/broker.ts'
import type { RedisEngine } from './redis-engine.ts'
import type { QueueKeys } from './redis-keys.ts'
import { bufferOf, enveloped, isSelfRouted } from './redis-route.ts'
import type { StepReply, StepSettlement } from './redis-steps.ts'

/** What a consumer knows of a delivery that it holds. */
export interface HeldDelivery {
  /** Its field in the in-flight hash. */
  readonly field: string
  readonly body: Uint8Array
}

type Held = Map<string, HeldDelivery>

/** One call of `settle`, as far as the server has to hear of it. */
interface Job {
  steps: StepSettlement[]
  /** Takes the answer in. */
  readonly end: (answer: SettleAnswer, held: Held) => EndedJob
}

/** What the server says of settlements; `gone`: it does not know the consumer any more. */
export type SettleAnswer = Pick<StepReply & { readonly kind: 'served' }, 'missed' | 'full'> | 'gone'

/** What a job came to, beside its outcomes. */
interface EndedJob {
  /** Ids that were held here and are not ours any more. */
  readonly lost: readonly string[]
  /** Ids that are still ours, and still to be settled: there is no room for a dead letter. */
  readonly full: readonly string[]
}

/** A job that waits for its round trip. */
export interface SettleJob {
  /** The registration under which its deliveries were claimed. */
  readonly consumer: string
  readonly steps: readonly StepSettlement[]
  /** Takes the answer in. Answers the ids that were held here and are not ours any more. */
  readonly end: (answer: SettleAnswer, held: Held) => readonly string[]
  readonly reject: (error: Error) => void
}

/** The job of a batch, and its outcomes: final where the delivery is not held, or settled twice by the batch. */
export function settleJob(
  batch: readonly Settlement[],
  held: Held,
  maxDead: number,
): { readonly job: Job; readonly outcomes: readonly SettleOutcome[] } {
  const outcomes: SettleOutcome[] = batch.map(() => 'lost')
  const places: { readonly id: string; readonly index: number }[] = []
  const firstAt = new Map<string, number>()
  for (const [index, { id }] of batch.entries()) if (!firstAt.has(id)) firstAt.set(id, index)
  const steps: StepSettlement[] = []
  // Backwards for what goes back to the head of its queue, so that the first of the batch is the first there again; the
  // server takes acknowledgements first anyway.
  for (const [index, settlement] of [...batch.entries()].toReversed()) {
    const { id } = settlement
    const delivery = held.get(id)
    if (delivery === undefined || firstAt.get(id) !== index) continue
    places.push({ id, index })
    steps.push(stepOf(settlement, delivery, maxDead))
  }
  const job: Job = {
    steps,
    end(answer, heldNow) {
      const lost: string[] = []
      const full: string[] = []
      for (const [number, { id, index }] of places.entries()) {
        const step = job.steps[number]
        if (answer === 'gone' || step === undefined) continue
        if (answer.full.has(step)) {
          full.push(id)
          continue
        }
        const wasOurs = heldNow.delete(id)
        if (!answer.missed.has(step)) outcomes[index] = 'settled'
        else if (wasOurs) lost.push(id)
      }
      return { lost, full }
    },
  }
  return { job, outcomes }
}

function stepOf(settlement: Settlement, { field, body }: HeldDelivery, maxDead: number): StepSettlement {
  if (settlement.kind === 'ack') return { field, args: undefined }
  if (settlement.kind === 'deadLetter') {
    return { field, args: ['d', '0', JSON.stringify(settlement.reason), String(maxDead)] }
  }
  const counted = settlement.counted ? '1' : '0'
  if (!(settlement.delayMs > 0)) return { field, args: ['b', counted, '', ''] }
  return { field, args: ['l', counted, String(Math.ceil(settlement.delayMs)), bufferOf(body)] }
}

interface LaterPlace {
  readonly engine: RedisEngine
  readonly keys: QueueKeys
  readonly consumer: string
}

/** Whether something is released for later: then `releaseLater` comes first. */
export function needsPreparation({ steps }: Job): boolean {
  return steps.some(({ args }) => args?.[0] === 'l')
}

/**
 * Prepares what is released for later. On one server STEP does it: here it is only said how the message is delayed. In a
 * Cluster the delayed messages are in another slot: they are copied there first, and STEP forgets the original.
 */
export async function releaseLater(job: Job, { engine, keys, consumer }: LaterPlace): Promise<void> {
  const { connection, delayed } = engine
  job.steps = await Promise.all(
    job.steps.map(async (step): Promise<StepSettlement> => {
      const { field, args } = step
      if (args?.[0] !== 'l') return step
      const [, counted, delayMs, body] = args
      const priority = Number(field.split(':')[2] ?? 0)
      const route = { queue: keys.queue, priority }
      const isPlain = isSelfRouted(body as Buffer, route)
      const member = isPlain ? (body as Buffer) : enveloped(body as Buffer, route)
      if (!connection.isCluster) return { field, args: ['l', counted, delayMs, isPlain ? '' : member] }
      if ((await connection.command('hexists', [keys.flying(consumer), field])) === 1) {
        await connection.script(
          'post',
          [delayed.plain, delayed.enveloped],
          ['0', 'd', isPlain ? '1' : '2', delayMs, member],
        )
      }
      return { field, args: ['f', counted, '', ''] }
    }),
  )
}
