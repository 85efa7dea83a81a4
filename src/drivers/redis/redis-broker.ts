import { MachineryError } from '../../core/errors.ts'
import type { Backend } from '../../core/ports/backend.ts'
import type {
  Broker,
  Chore,
  ConsumeOptions,
  Consumer,
  Outgoing,
  PublishOutcome,
} from '../../core/ports/broker.ts'
import type { BrokerCapabilities } from '../../core/ports/capabilities.ts'
import type { Diagnosis } from '../../core/ports/diagnosis.ts'
import type { Inspector } from '../../core/ports/inspector.ts'
import type { SameStore } from '../../core/ports/same-store.ts'
import { RedisBackend } from './redis-backend.ts'
import { BROKER_CAPABILITIES } from './redis-capabilities.ts'
import { RedisConsumer, requireRoom } from './redis-consumer.ts'
import type { RedisEngine } from './redis-engine.ts'
import { redisDiagnosis } from './redis-diagnosis.ts'
import { redisInspector } from './redis-inspector.ts'
import { type QueueKeys, queueKeys, wakeChannel } from './redis-keys.ts'
import { RedisMover } from './redis-mover.ts'
import { ownIdentity } from '../shared/process-identity.ts'
import { queueNameError, RedisPublisher } from './redis-publish.ts'
import { consumerName, reapChore } from './redis-reaper.ts'
import { openRedisSameStore } from './redis-same-store.ts'
import { RedisWakeUp } from './redis-wake-up.ts'

/** What the consumers of one queue in this process share. */
interface QueuePlace {
  readonly keys: QueueKeys
  readonly wakeUp: RedisWakeUp
  stopListening: Promise<() => void>
  consumers: number
}

/** Protocol R1 (reliability 2): lists that Go's workers share, and companions with which nothing is lost. */
export class RedisBroker implements Broker {
  readonly capabilities: BrokerCapabilities = BROKER_CAPABILITIES
  readonly inspector: Inspector
  readonly diagnosis: Diagnosis
  readonly chores: readonly Chore[]
  readonly #engine: RedisEngine
  readonly #onClose: () => Promise<void>
  readonly #publisher: RedisPublisher
  readonly #mover: RedisMover
  readonly #consumers = new Set<RedisConsumer>()
  readonly #places = new Map<string, QueuePlace>()
  readonly #keys = new Map<string, QueueKeys>()
  #closing: Promise<void> | undefined

  constructor(engine: RedisEngine, onClose: () => Promise<void>) {
    const name = this.#newName(engine)
    const keysOf = (queue: string): QueueKeys => this.#keysOf(queue)
    this.#engine = engine
    this.#onClose = onClose
    this.#publisher = new RedisPublisher(engine, keysOf)
    this.#mover = new RedisMover(engine, name, keysOf)
    this.inspector = redisInspector({ engine, keysOf, requireOpen: () => this.#requireOpen() })
    this.diagnosis = redisDiagnosis(engine, keysOf)
    const consumed = (): readonly QueueKeys[] => [...this.#places.values()].map(({ keys }) => keys)
    this.chores = [this.#mover.chore, reapChore(engine, consumed, name)]
  }

  async publish(batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]> {
    this.#requireOpen()
    return this.#publisher.publish(batch)
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Consumer> {
    this.#requireOpen()
    const nameError = queueNameError(queue, this.#engine.settings.delayedKey)
    if (nameError !== undefined) throw nameError
    requireRoom(options.maxUnsettled)
    const place = this.#placeOf(queue)
    place.consumers++
    const { engine, keys, wakeUp } = { engine: this.#engine, ...place }
    let consumer: RedisConsumer
    try {
      await Promise.all([place.stopListening, this.#publisher.learn([queue])])
      const newName = (): string => this.#newName(engine)
      const forget = (closed: RedisConsumer): void => this.#forget(closed)
      consumer = await RedisConsumer.open(options, { engine, keys, wakeUp, newName, forget })
    } catch (error) {
      this.#leave(queue)
      throw error
    }
    this.#consumers.add(consumer)
    if (this.#closing !== undefined) {
      await consumer.close()
      this.#requireOpen()
    }
    return consumer
  }

  sameStore(backend: Backend): SameStore | undefined {
    const engine = this.#engine
    if (engine.connection.isCluster || !(backend instanceof RedisBackend)) return undefined
    if (backend.engine.identity !== engine.identity) return undefined
    return openRedisSameStore({
      engine,
      publisher: this.#publisher,
      keysOf: (queue) => this.#keysOf(queue),
      holderOf: (id) => this.#holderOf(id),
      requireOpen: () => this.#requireOpen(),
    })
  }

  #holderOf(deliveryId: string): RedisConsumer | undefined {
    for (const consumer of this.#consumers) if (consumer.holds(deliveryId)) return consumer
    return undefined
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#mover.stop()
    // First nobody waits in the server any more: what is given back must stay where Go's workers look.
    await Promise.all([...this.#places.values()].map(({ wakeUp }) => wakeUp.close()))
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await this.#onClose()
  }

  #forget(consumer: RedisConsumer): void {
    if (this.#consumers.delete(consumer)) this.#leave(consumer.queue)
  }

  #leave(queue: string): void {
    const place = this.#places.get(queue)
    if (place === undefined) return
    place.consumers--
    if (place.consumers > 0) return
    this.#places.delete(queue)
    void place.stopListening.then((stop) => stop())
    void place.wakeUp.close()
  }

  #placeOf(queue: string): QueuePlace {
    const known = this.#places.get(queue)
    if (known !== undefined) return known
    const { connection, settings, subscriber } = this.#engine
    const keys = this.#keysOf(queue)
    const wakeUp = new RedisWakeUp(connection, keys, settings)
    // Without it, a message with a priority is found at the next look.
    const stopListening = subscriber
      .listen([wakeChannel(queue)], () => wakeUp.pokeAll())
      .catch((error: unknown) => {
        settings.logger.warn({ error, queue }, 'consumers are not told of messages with a priority')
        return () => {}
      })
    const place = { keys, wakeUp, stopListening, consumers: 0 }
    this.#places.set(queue, place)
    return place
  }

  /** Of the queues that were used lately: an odd name is worth remembering. */
  #keysOf(queue: string): QueueKeys {
    const known = this.#keys.get(queue)
    if (known !== undefined) return known
    if (this.#keys.size >= MOST_KNOWN_QUEUES) this.#keys.clear()
    const keys = queueKeys(queue)
    this.#keys.set(queue, keys)
    return keys
  }

  #newName({ settings }: RedisEngine): string {
    const part = (): string => Math.floor(settings.clock.random() * 2 ** 52).toString(36)
    return consumerName(IDENTITY, part() + part())
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return
    throw new MachineryError('ERR_CLOSED', `the broker of ${this.#engine.connection.name} is closed`)
  }
}

const IDENTITY = ownIdentity()
const MOST_KNOWN_QUEUES = 10_000
