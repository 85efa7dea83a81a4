import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createServer } from '../../../src/app/create-server.ts'
import type { Logger } from '../../../src/core/logger.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'

interface Line {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

const INFO = 30
const WARN = 40
const ERROR = 50

function pinoInMemory(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const write = (text: string): void => void lines.push(JSON.parse(text) as Line)
  return { logger: pino({ level: 'debug' }, { write }), lines }
}

describe('a pino logger', () => {
  it('is given as it is: fields, children and errors come out structured', async () => {
    const { logger, lines } = pinoInMemory()
    const talk = task('talk', () => {
      currentTask().logger.warn({ size: 3 }, 'hello')
      throw new TypeError('broken')
    })
    await using server = await createServer({
      broker: 'memory:',
      resultBackend: 'memory:',
      tasks: [talk],
      logger,
    })
    await server.startWorker({ name: 'w', noSignals: true, queues: 'q' })
    const result = await server.send(talk().with({ routingKey: 'q' }))
    await expect(result.get({ timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'ERR_TASK_FAILED' })
    const ofTask = { worker: 'w', uuid: result.uuid, task: 'talk', queue: 'q', attempt: 1 }
    expect(lines.find(({ msg }) => msg === 'worker started')).toMatchObject({ level: INFO, worker: 'w' })
    expect(lines.find(({ msg }) => msg === 'hello')).toMatchObject({ level: WARN, size: 3, ...ofTask })
    expect(lines.find(({ msg }) => msg === 'task failed')).toMatchObject({
      level: ERROR,
      err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('pino-logger') as string },
      ...ofTask,
    })
  })
})
