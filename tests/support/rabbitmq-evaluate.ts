import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Evaluates an expression of Erlang in a server, within milliseconds: `rabbitmqctl` takes a second for each command. */
export type RabbitEvaluate = (expression: string) => Promise<string>

const ANSWER = /^\{ok, (.*)\}$/s

/** Of the server that was started with this environment. Answers the value as Erlang writes it. */
export function rabbitEvaluate(env: Readonly<Record<string, string>> = {}): RabbitEvaluate {
  return (expression) => {
    const cookie = readFileSync(join(env['HOME'] ?? '', '.erlang.cookie'), 'utf8')
    const args = ['-sname', env['RABBITMQ_NODENAME'] ?? '', '-c', cookie, '-e']
    return new Promise((resolve, reject) => {
      const call = execFile('erl_call', args, { env: { ...process.env, ...env } }, (error, answer) => {
        const value = ANSWER.exec(answer.trim())?.[1]
        if (error === null && value !== undefined) resolve(value)
        else reject(new Error(`${expression} ${answer}`, { cause: error }))
      })
      call.stdin?.end(`${expression}.\n`)
    })
  }
}
