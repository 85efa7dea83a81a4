import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A command of `rabbitmqctl`; takes some seconds. Answers what it prints. */
export type RabbitControl = (...command: readonly string[]) => Promise<string>

/** @param program the server's; `rabbitmqctl` lies beside it. @param env what the server was started with */
export function rabbitControl(program: string, env: Readonly<Record<string, string>> = {}): RabbitControl {
  const control = join(dirname(program), 'rabbitmqctl')
  return async (...command) => (await run(control, [...command], { env: { ...process.env, ...env } })).stdout
}
