import { type RabbitEvaluate, rabbitEvaluate } from '../support/rabbitmq-evaluate.ts'
import { type Launch, SERVICES } from '../support/service-definitions.ts'
import { findService, startService, type Service } from '../support/service-process.ts'

/** A server of the test's own, which can be told what to do. */
export interface OwnServer extends Service {
  readonly evaluate: RabbitEvaluate
}

/** Starts RabbitMQ; undefined where it is not installed. */
export async function ownServer(): Promise<OwnServer | undefined> {
  const source = await findService(SERVICES.rabbitmq)
  if (source.kind !== 'program') return undefined
  let launched: Launch | undefined
  const definition = {
    ...SERVICES.rabbitmq,
    launch: (program: string, place: Parameters<typeof SERVICES.rabbitmq.launch>[1]) =>
      (launched = SERVICES.rabbitmq.launch(program, place)),
  }
  const service = await startService(definition, source)
  return { ...service, evaluate: rabbitEvaluate(launched?.env) }
}
