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
import { SqliteBackend } from './sqlite-backend.ts'
import { sqliteChores } from './sqlite-chores.ts'
import { WriteFailure } from './sqlite-connection.ts'
import { requireRoom, SqliteConsumer } from './sqlite-consumer.ts'
import { sqliteDiagnosis } from './sqlite-diagnosis.ts'
import { SqliteDeliveries } from './sqlite-deliveries.ts'
import type { SqliteEngine } from './sqlite-engine.ts'
import { sqliteInspector } from './sqlite-inspector.ts'
import { MAX_BODY_BYTES, notStored, queueNameError, refusal, STORED } from './sqlite-publish.ts'
import { openSqliteSameStore } from './sqlite-same-store.ts'

export const BROKER_CAPABILITIES: BrokerCapabilities = {
  delay: 'native',
  maxDelayMs: Infinity,
  priority: true,
  leaseExtension: true,
  countsReleases: true,
  countsExactly: true,
  ordering: 'fifo',
  maxBodyBytes: MAX_BODY_BYTES,
  shared: true,
  persistent: true,
  inspection: true,
}

/**
 * Queues in one file. In order within a priority; a delayed message joins the end of its line when it is due, a message
 * that returns takes its old place.
 */
export class SqliteBroker implements Broker {
  readonly capabilities: BrokerCapabilities = BROKER_CAPABILITIES
  readonly inspector: Inspector
  readonly diagnosis: Diagnosis
  readonly chores: readonly Chore[]
  readonly #engine: SqliteEngine
  readonly #deliveries = new SqliteDeliveries()
  readonly #consumers = new Set<SqliteConsumer>()
  readonly #onClose: () => Promise<void>
  #closing: Promise<void> | undefined

  constructor(engine: SqliteEngine, onClose: () => Promise<void>) {
    this.#engine = engine
    this.#onClose = onClose
    this.inspector = sqliteInspector(engine, {
      wake: (queue) => this.#wake(queue),
      requireOpen: () => this.#requireOpen(),
    })
    this.diagnosis = sqliteDiagnosis(engine)
    this.chores = sqliteChores(engine)
    engine.lease.onDoubt(() => this.#checkLeases())
  }

  async publish(batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]> {
    this.#requireOpen()
    const refusals = batch.map(refusal)
    const accepted = batch.filter((_, index) => refusals[index] === undefined)
    const { connection, messages } = this.#engine
    let answer: PublishOutcome = STORED
    if (accepted.length > 0) {
      const stored = await connection.attempt(
        () => accepted.forEach((message) => messages.insert(message)),
        () => this.#wakeFor(accepted),
      )
      if (stored instanceof WriteFailure) answer = notStored(stored)
    }
    return refusals.map((error) => (error === undefined ? answer : { outcome: 'refused', error }))
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Consumer> {
    this.#requireOpen()
    const nameError = queueNameError(queue)
    if (nameError !== undefined) throw nameError
    requireRoom(options.maxUnsettled)
    const { connection, consumers, lease } = this.#engine
    const owner = await connection.write(() => consumers.register())
    const consumer = new SqliteConsumer(queue, owner, options, {
      engine: this.#engine,
      deliveries: this.#deliveries,
      wake: (name) => this.#wake(name),
      forget: (closed) => this.#consumers.delete(closed),
    })
    lease.join()
    this.#consumers.add(consumer)
    if (this.#closing !== undefined) {
      await consumer.close()
      this.#requireOpen()
    }
    return consumer
  }

  sameStore(backend: Backend): SameStore | undefined {
    if (!(backend instanceof SqliteBackend) || backend.file !== this.#engine.connection.file) return undefined
    return openSqliteSameStore({
      engine: this.#engine,
      deliveries: this.#deliveries,
      wakeFor: (messages) => this.#wakeFor(messages),
      requireOpen: () => this.#requireOpen(),
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await this.#onClose()
  }

  #wakeFor(messages: readonly Outgoing[]): void {
    for (const queue of new Set(messages.map((message) => message.queue))) {
      this.#engine.queues.learn(queue)
      this.#wake(queue)
    }
  }

  #wake(queue: string): void {
    for (const consumer of this.#consumers) if (consumer.queue === queue) consumer.poke()
  }

  #checkLeases(): void {
    for (const consumer of this.#consumers) {
      consumer.checkLease().catch((error: unknown) => {
        this.#engine.settings.logger.warn({ error }, 'it could not be read whether leases are lost')
      })
    }
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return
    throw new MachineryError('ERR_CLOSED', `the broker ${this.#engine.connection.file} is closed`)
  }
}
