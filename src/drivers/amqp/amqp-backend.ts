import { MachineryError } from '../../core/errors.ts'
import type { Backend, GroupStates, TaskStates } from '../../core/ports/backend.ts'
import type { BackendCapabilities } from '../../core/ports/capabilities.ts'
import { BACKEND_CAPABILITIES } from './amqp-capabilities.ts'
import type { AmqpEngine } from './amqp-engine.ts'
import { amqpGroupStates } from './amqp-group-states.ts'
import { AmqpRecords } from './amqp-records.ts'
import { amqpTaskStates } from './amqp-task-states.ts'

/** States in queues, as Go's AMQP backend has them: for reading results of a small system that has nothing but RabbitMQ. */
export class AmqpBackend implements Backend {
  readonly capabilities: BackendCapabilities = BACKEND_CAPABILITIES
  readonly tasks: TaskStates
  readonly groups: GroupStates
  readonly #name: string
  readonly #onClose: () => Promise<void>
  #closing: Promise<void> | undefined

  constructor({ settings, consuming }: AmqpEngine, onClose: () => Promise<void>) {
    const requireOpen = (): void => this.#requireOpen()
    const records = new AmqpRecords(consuming.connection, settings)
    this.tasks = amqpTaskStates(records, settings.resultsExpireInMs, requireOpen)
    this.groups = amqpGroupStates(records, settings, requireOpen)
    this.#name = consuming.connection.name
    // A change that is cut off would leave its lock, and whoever waits for it, to the timeouts.
    this.#onClose = () => records.idle().then(onClose)
    settings.logger.warn(
      { backend: this.#name },
      'states on amqp take a queue per task, are lost when the server restarts, and are seen by one Go reader only',
    )
  }

  close(): Promise<void> {
    this.#closing ??= this.#onClose()
    return this.#closing
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return
    throw new MachineryError('ERR_CLOSED', `the backend of ${this.#name} is closed`)
  }
}
