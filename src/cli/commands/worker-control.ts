import type { Command } from 'commander'
import type { Server } from '../../app/create-server.ts'
import type { Page } from '../../core/ports/inspector.ts'
import type { WorkerStatus } from '../../server/worker-status.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { durationMs, wholeNumber } from '../flag-values.ts'
import type { ListView } from '../output.ts'
import { paged, partOf } from '../paged.ts'
import { shortDuration } from '../printable.ts'
import { action } from '../run-command.ts'

const PING_TIMEOUT_MS = 5_000
const MOST_CONCURRENCY = 100_000

/** `machinery worker ls|show|ping|scale|quiet|resume|stop`: workers of all processes. */
export function addWorkerControl(worker: Command): void {
  paged(worker.command('ls').description('Lists the workers of all processes.'))
    .addHelpText('after', '\nExamples:\n  machinery worker ls')
    .action(action(ls))
  worker
    .command('show')
    .description('Shows what a worker tells of itself, with the tasks that it runs.')
    .argument('<worker>', TARGET)
    .addHelpText('after', '\nExamples:\n  machinery worker show worker_1')
    .action(action(show))
  worker
    .command('ping')
    .description('Asks workers for an answer. Exits with 1 when one does not answer in time.')
    .argument('[worker]', `${TARGET}; without it all`)
    .option('--timeout <duration>', 'longest wait', durationMs, PING_TIMEOUT_MS)
    .addHelpText(
      'after',
      '\nExamples:\n  machinery worker ping\n  machinery worker ping worker_1 --timeout 2s',
    )
    .action(action(ping))
  worker
    .command('scale')
    .description('Changes how many handlers run at once.')
    .argument('<worker>', TARGET)
    .argument('<concurrency>', 'handlers', wholeNumber(1, MOST_CONCURRENCY))
    .addHelpText('after', '\nExamples:\n  machinery worker scale worker_1 40')
    .action(
      action((context, _flags: object, target: string, concurrency: number) =>
        order(context, target, `scaled to ${concurrency}`, (server, id) =>
          server.workers.resize(id, concurrency),
        ),
      ),
    )
  for (const [verb, done, text] of ORDERS) {
    worker
      .command(verb)
      .description(text)
      .argument('<worker>', TARGET)
      .addHelpText('after', `\nExamples:\n  machinery worker ${verb} worker_1`)
      .action(
        action((context, _flags: object, target: string) =>
          order(context, target, done, (server, id) => server.workers[verb](id)),
        ),
      )
  }
}

const TARGET = 'name or id; several workers with the name are all meant'

const ORDERS = [
  ['quiet', 'told to be quiet', 'Lets workers claim nothing more; what runs ends, and they stay.'],
  ['resume', 'told to resume', 'Lets quiet workers claim again.'],
  ['stop', 'told to stop', 'Shuts workers down as SIGTERM does.'],
] as const

const WORKERS: ListView<WorkerStatus> = {
  columns: [
    { title: 'name', text: ({ name }) => name },
    { title: 'id', text: ({ id }) => id },
    { title: 'host', text: ({ host, pid }) => `${host}:${pid}` },
    { title: 'queues', text: ({ queues }) => Object.keys(queues).join(',') },
    { title: 'running', text: ({ running, concurrency }) => `${running}/${concurrency}`, isNumber: true },
    {
      title: 'loop p99',
      text: ({ eventLoopDelayMs: ms }) => (ms === undefined ? '' : shortDuration(ms)),
      isNumber: true,
    },
    { title: '', text: (worker) => flagsOf(worker).join(', ') },
  ],
  id: ({ id }) => id,
  none: 'no workers',
}

function flagsOf({ isClosing, isQuiet, pausedQueues, pausedTasks }: WorkerStatus): readonly string[] {
  const paused = pausedQueues.length + pausedTasks.length
  return [
    ...(isClosing ? ['closing'] : []),
    ...(isQuiet ? ['quiet'] : []),
    ...(paused > 0 ? [`${paused} paused`] : []),
  ]
}

async function ls(context: CommandContext, page: Page): Promise<void> {
  await using server = await context.openServer()
  await context.output.list(partOf(await server.workers.list(), page), WORKERS)
}

async function show(context: CommandContext, _flags: object, target: string): Promise<ExitCode> {
  await using server = await context.openServer()
  const found = await targets(server, target)
  for (const worker of found) await context.output.one(worker)
  return found.length > 0 ? EXIT.ok : noWorker(context, target)
}

async function ping(
  context: CommandContext,
  flags: { readonly timeout: number },
  target?: string,
): Promise<ExitCode> {
  const { output, signal } = context
  const { isMachineryError } = await import('../../core/errors.ts')
  await using server = await context.openServer()
  const found = await targets(server, target)
  if (found.length === 0) return noWorker(context, target ?? '')
  const answers = await Promise.all(
    found.map(async ({ id, name }) => {
      try {
        const ms = Math.round(await server.workers.ping(id, { timeoutMs: flags.timeout, signal }))
        await output.done(`${name} answered after ${ms} ms`, { id, name, ms }, id)
        return true
      } catch (error) {
        if (!isMachineryError(error, 'ERR_WAIT_TIMEOUT')) throw error
        output.problem(`${name} (${id}) did not answer within ${flags.timeout} ms`)
        return false
      }
    }),
  )
  return answers.every(Boolean) ? EXIT.ok : EXIT.no
}

async function order(
  context: CommandContext,
  target: string,
  done: string,
  give: (server: Server, id: string) => Promise<void>,
): Promise<ExitCode> {
  await using server = await context.openServer()
  const found = await targets(server, target)
  for (const { id, name } of found) {
    await give(server, id)
    await context.output.done(`${name} (${id}) ${done}`, { id, name, order: done }, id)
  }
  return found.length > 0 ? EXIT.ok : noWorker(context, target)
}

async function targets(server: Server, target: string | undefined): Promise<readonly WorkerStatus[]> {
  const workers = await server.workers.list()
  return target === undefined ? workers : workers.filter(({ id, name }) => id === target || name === target)
}

function noWorker({ output }: CommandContext, target: string): ExitCode {
  output.problem(target === '' ? 'no worker is registered' : `no worker ${target} is registered`)
  return EXIT.no
}
