import { EMPTY_MESSAGE } from '../../src/core/message.ts'
import type { Broker } from '../../src/core/ports/broker.ts'
import { encodeMessage } from '../../src/core/wire/message-codec.ts'

const LARGE_BYTES = 1_048_576

/** How many messages one round has. */
export const KINDS_OF_POISON = 3

/** A message that no worker can run. */
export interface Poison {
  readonly what: 'not JSON' | 'unknown task' | '1 MB'
  readonly body: Uint8Array
}

/**
 * Puts one of each kind into the queue, past the server that would refuse them.
 * @throws what kept the broker from storing one; all can be published again
 */
export async function publishPoison(
  broker: Broker,
  queue: string,
  round: number,
): Promise<readonly Poison[]> {
  const poisons = poisonsOf(round)
  const outcomes = await broker.publish(
    poisons.map(({ body }) => ({ queue, body, delayMs: 0, priority: 0, uuid: '', orderingKey: '' })),
  )
  for (const { outcome, error } of outcomes) {
    if (outcome !== 'stored') throw error ?? new Error(`the broker did not store poison: ${outcome}`)
  }
  return poisons
}

function poisonsOf(round: number): readonly Poison[] {
  const unknown = { ...EMPTY_MESSAGE, uuid: `fault_unknown_${round}`, name: 'fault_no_such_task' }
  const large = {
    ...EMPTY_MESSAGE,
    uuid: `fault_large_${round}`,
    name: 'fault_work',
    args: [{ name: '', type: 'string', value: JSON.stringify('x'.repeat(LARGE_BYTES)) }],
  }
  return [
    { what: 'not JSON', body: Buffer.from(`this is not JSON, round ${round}`) },
    { what: 'unknown task', body: encodeMessage(unknown) },
    { what: '1 MB', body: encodeMessage(large) },
  ]
}
