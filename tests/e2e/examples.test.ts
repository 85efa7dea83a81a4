import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { SERVICES } from '../support/service-definitions.ts'
import { findService } from '../support/service-process.ts'
import { describeService, describeSource } from '../support/services.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')

/** What the calls and workflows of Machinery's example program come to. */
const RESULTS = [
  'add(1, 1) = 2',
  'multiply(4, 5, 6) = 120',
  'sum_ints([1, 2, 3, 4]) = 10',
  'sum_floats([1.5, 2.75]) = 4.25',
  `concat(['foo', 'bar']) = "foobar"`,
  `split('foo') = ["f","o","o"]`,
  'panic_task() = error: oops',
  'add(2, 3) with a delay of 1 s = 5',
  'unsteady_task() with 3 retries = "worked at attempt 3"',
  'panic_task() with 2 retries = error: oops',
  'long_running_task(2) = "slept 2 s"',
  'group(add(1, 1), add(2, 2), add(5, 6)) = [2,4,11]',
  'multiply(add(1, 1), add(5, 5)), a chord = 20',
  'multiply(4, add(5, 5, add(1, 1))) = 48',
]

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(example: string, command: string, env: Readonly<Record<string, string>>): ChildProcess {
  const all = { PATH: process.env['PATH'], ...env }
  return spawn(process.execPath, [join(EXAMPLES, example, 'main.ts'), command], { env: all })
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => (texts.stdout += String(chunk)))
  child.stderr?.on('data', (chunk) => (texts.stderr += String(chunk)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...texts }
}

/** The two terminals of the README: a worker that ends when it is told to, and somebody who sends. */
async function runBoth(
  example: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly sender: Ended; readonly worker: Ended }> {
  const running = start(example, 'worker', env)
  const worker = endOf(running)
  try {
    const sender = await endOf(start(example, 'send', env))
    running.kill('SIGTERM')
    return { sender, worker: await worker }
  } finally {
    running.kill('SIGKILL')
    await worker
  }
}

const rabbitmq = await findService(SERVICES.rabbitmq)

function expectResults({ sender, worker }: Awaited<ReturnType<typeof runBoth>>): void {
  expect(sender).toMatchObject({ code: 0, stderr: '' })
  expect(sender.stdout.trimEnd().split('\n')).toEqual(RESULTS)
  expect(worker.code).toBe(0)
}

await describeService('redis', (redis) => {
  it('the example on Redis says how to use it', async () => {
    const { code, stderr } = await endOf(start('02-redis', 'wurker', {}))
    expect(code).toBe(2)
    expect(stderr).toContain('usage: node main.ts worker | send')
  })

  describeSource('rabbitmq', rabbitmq, (amqp) => {
    it('the examples give the results of Go, and their workers end when they are told to', async () => {
      const [onRedis, onAmqp] = await Promise.all([
        runBoth('02-redis', { REDIS_URL: redis.url }),
        // Not the database of the other one: both use the same names.
        runBoth('03-amqp', { AMQP_URL: amqp.url, REDIS_URL: new URL('/1', redis.url).href }),
      ])
      expectResults(onRedis)
      expectResults(onAmqp)
    })
  })
})
