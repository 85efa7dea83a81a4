import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type RabbitEvaluate, rabbitEvaluate } from '../support/rabbitmq-evaluate.ts'
import { type Launch, type ServiceDefinition, SERVICES } from '../support/service-definitions.ts'
import { findService, startService } from '../support/service-process.ts'

const { rabbitmq } = SERVICES

/** What the harness needs to find: a server that it can start itself. */
export const restartingRabbit: ServiceDefinition = { ...rabbitmq, urlVariable: 'NONE_SUCH' }

/** A RabbitMQ that a shell starts again when it dies, with the messages that it had. */
export interface RestartingRabbit {
  readonly url: string
  /** The process of the server itself; another one after each start. */
  readonly pid: number
  readonly evaluate: RabbitEvaluate
  stop(): Promise<void>
}

/** @throws Error where RabbitMQ is not installed */
export async function startRestartingRabbit(): Promise<RestartingRabbit> {
  const source = await findService(restartingRabbit)
  if (source.kind !== 'program') throw new Error('RabbitMQ is not installed')
  let launched: Launch | undefined
  let folder = ''
  const definition: ServiceDefinition = {
    ...restartingRabbit,
    launch: (program, place) => {
      launched = rabbitmq.launch(program, place)
      folder = place.folder
      // The name of the node is free again when its connection to the name server is closed.
      return { ...launched, command: ['sh', '-c', 'while :; do "$0"; sleep 0.5; done', program] }
    },
  }
  const service = await startService(definition, source)
  return {
    url: service.url,
    get pid() {
      return Number(readFileSync(join(folder, 'pid'), 'utf8'))
    },
    evaluate: rabbitEvaluate(launched?.env),
    stop: () => service.stop(),
  }
}
