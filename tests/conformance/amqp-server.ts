import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Launch, SERVICES } from '../support/service-definitions.ts'
import { findService, startService, type Service } from '../support/service-process.ts'

/** A server of the test's own, which can be told what to do. */
export interface OwnServer extends Service {
  /** Evaluates an expression of Erlang in the server, within milliseconds: `rabbitmqctl` takes a second for each command. */
  evaluate(expression: string): Promise<void>
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
  return { ...service, evaluate: (expression) => evaluate(expression, launched?.env ?? {}) }
}

function evaluate(expression: string, env: Readonly<Record<string, string>>): Promise<void> {
  const cookie = readFileSync(join(env['HOME'] ?? '', '.erlang.cookie'), 'utf8')
  const args = ['-sname', env['RABBITMQ_NODENAME'] ?? '', '-c', cookie, '-e']
  return new Promise((resolve, reject) => {
    const call = execFile('erl_call', args, { env: { ...process.env, ...env } }, (error, answer) => {
      if (error === null && answer.startsWith('{ok')) resolve()
      else reject(new Error(`${expression} ${answer}`, { cause: error }))
    })
    call.stdin?.end(`${expression}.\n`)
  })
}
