import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { type Launch, SERVICES } from '../support/service-definitions.ts'
import { findService, startService, type Service } from '../support/service-process.ts'

const run = promisify(execFile)

/** A server of the test's own, which can be told what to do. */
export interface OwnServer extends Service {
  /** A command of `rabbitmqctl`; takes some seconds. */
  control(...command: readonly string[]): Promise<string>
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
  const program = join(dirname(source.program), 'rabbitmqctl')
  const env = { ...process.env, ...launched?.env }
  return {
    ...service,
    control: async (...command) => (await run(program, [...command], { env })).stdout,
  }
}
