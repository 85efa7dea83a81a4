import { MachineryError } from '../../core/errors.ts'
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
import { brokerCapabilities } from './amqp-capabilities.ts'
import { AmqpConsumer, requireRoom } from './amqp-consumer.ts'
import { AmqpDelays } from './amqp-delays.ts'
import { amqpDiagnosis } from './amqp-diagnosis.ts'
import type { AmqpEngine } from './amqp-engine.ts'
import { amqpInspector } from './amqp-inspector.ts'
import { queueNameError } from './amqp-names.ts'
import { AmqpPublisher } from './amqp-publisher.ts'
import { AmqpReturns } from './amqp-returns.ts'
import { AmqpSender } from './amqp-sender.ts'
import { AmqpTopology } from './amqp-topology.ts'

const SURPLUS_EVERY_MS = 1_000
const MOST_KNOWN_QUEUES = 10_000

/** Queues of RabbitMQ that Go's workers share. */
export class AmqpBroker implements Broker {
  readonly capabilities: BrokerCapabilities
  readonly inspector: Inspector
  readonly diagnosis: Diagnosis
  readonly chores: readonly Chore[]
  readonly #engine: AmqpEngine
  readonly #sender: AmqpSender
  readonly #publisher: AmqpPublisher
  readonly #topology: AmqpTopology
  readonly #delays: AmqpDelays
  readonly #returns: AmqpReturns
  readonly #consumers = new Set<AmqpConsumer>()
  readonly #known = new Set<string>()
  readonly #onClose: () => Promise<void>
  #closing: Promise<void> | undefined

  constructor(engine: AmqpEngine, onClose: () => Promise<void>) {
    const { settings, publishing, consuming, management } = engine
    this.capabilities = brokerCapabilities(settings)
    this.diagnosis = amqpDiagnosis(engine)
    this.#engine = engine
    this.#onClose = onClose
    this.#sender = new AmqpSender(publishing.connection, settings)
    const topology = new AmqpTopology(publishing, settings)
    const delays = new AmqpDelays(publishing, topology, settings)
    const { connection } = publishing
    this.#publisher = new AmqpPublisher({ sender: this.#sender, topology, delays, settings, connection })
    this.#topology = new AmqpTopology(consuming, settings, topology)
    this.#returns = new AmqpReturns(this.#publisher, topology, settings.clock)
    this.#delays = new AmqpDelays(consuming, this.#topology, settings)
    this.inspector = amqpInspector({
      admin: consuming,
      settings,
      delays: this.#delays,
      publisher: this.#publisher,
      management,
      knownQueues: () => this.#known,
      consumersOf: (queue) => [...this.#consumers].filter((consumer) => consumer.queue === queue),
      requireOpen: () => this.#requireOpen(),
    })
    this.chores = [
      {
        name: 'amqp-surplus',
        run: async () => {
          await Promise.all([...this.#consumers].map((consumer) => consumer.giveBackSurplus()))
          return { nextInMs: SURPLUS_EVERY_MS }
        },
      },
    ]
  }

  async publish(batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]> {
    this.#requireOpen()
    for (const { queue } of batch) this.#learn(queue)
    return this.#publisher.publish(batch)
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Consumer> {
    this.#requireOpen()
    const { settings, consuming } = this.#engine
    const nameError = queueNameError(queue, settings.exchangeType)
    if (nameError !== undefined) throw nameError
    requireRoom(options.maxUnsettled)
    this.#learn(queue)
    const consumer = await AmqpConsumer.open(queue, options, {
      connection: consuming.connection,
      topology: this.#topology,
      delays: this.#delays,
      admin: consuming,
      returns: this.#returns,
      settings,
      name: this.#newName(),
      forget: (closed) => this.#consumers.delete(closed),
    })
    this.#consumers.add(consumer)
    if (this.#closing !== undefined) {
      await consumer.close()
      this.#requireOpen()
    }
    return consumer
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await this.#sender.close()
    await this.#onClose()
  }

  #learn(queue: string): void {
    if (this.#known.size < MOST_KNOWN_QUEUES && queue !== '') this.#known.add(queue)
  }

  #newName(): string {
    const part = (): string => Math.floor(this.#engine.settings.clock.random() * 2 ** 52).toString(36)
    return part() + part()
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return
    throw new MachineryError('ERR_CLOSED', `the broker of ${this.#engine.connector.name} is closed`)
  }
}
