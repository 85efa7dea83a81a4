import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type ServiceDefinition, SERVICES } from '../support/service-definitions.ts'

const { rabbitmq } = SERVICES

/** Where a RabbitMQ of the harness is: what its URL says, as JSON. */
export interface RabbitPlace {
  readonly folder: string
  readonly url: string
}

/** A RabbitMQ that a shell starts again when it dies, with the messages that it had. */
export const restartingRabbit: ServiceDefinition = {
  ...rabbitmq,
  urlVariable: 'NONE_SUCH',
  launch: (program, place) => {
    const launch = rabbitmq.launch(program, place)
    // The name of the node is free again when its connection to the name server is closed.
    return { ...launch, command: ['sh', '-c', 'while :; do "$0"; sleep 0.5; done', program] }
  },
  url: (place) => JSON.stringify({ folder: place.folder, url: rabbitmq.url(place) } satisfies RabbitPlace),
}

/** The process of the server itself. */
export const rabbitPid = ({ folder }: RabbitPlace): number =>
  Number(readFileSync(join(folder, 'pid'), 'utf8'))
