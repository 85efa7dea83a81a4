import type { Command } from 'commander'
import type { Server } from '../../app/create-server.ts'
import type { Page } from '../../core/ports/inspector.ts'
import type { QueueStatus } from '../../server/queues.ts'
import type { CommandContext } from '../command-context.ts'
import { confirm } from '../confirm.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import type { ListView } from '../output.ts'
import { instantText, shortDuration } from '../printable.ts'
import { action } from '../run-command.ts'
import { paged, partOf } from '../paged.ts'

interface YesFlag {
  readonly yes?: boolean
}

const QUEUES: ListView<QueueStatus> = {
  columns: [
    { title: 'queue', text: ({ queue }) => queue },
    { title: 'pending', text: ({ pending }) => String(pending), isNumber: true },
    { title: 'delayed', text: ({ delayed }) => String(delayed), isNumber: true },
    { title: 'in flight', text: ({ inFlight }) => String(inFlight), isNumber: true },
    { title: 'dead', text: ({ dead }) => String(dead), isNumber: true },
    { title: '', text: ({ isPaused }) => (isPaused ? 'paused' : '') },
  ],
  id: ({ queue }) => queue,
  none: 'no queues',
}

/** `machinery queue …`. */
export function addQueue(program: Command): void {
  const queue = program
    .command('queue')
    .summary('look into queues, pause and purge them')
    .description('Looks into queues. A queue without a name is the default queue.')
  paged(queue.command('ls').description('Lists the queues.'))
    .addHelpText(
      'after',
      '\nExamples:\n  machinery queue ls\n  machinery queue ls --json | jq -s "map(.pending) | add"',
    )
    .action(action(ls))
  queue
    .command('show')
    .description('Counts one queue, and tells which workers consume it.')
    .argument('[queue]', 'name of the queue')
    .addHelpText('after', '\nExamples:\n  machinery queue show critical')
    .action(action(show))
  paged(
    queue
      .command('pending')
      .description('Lists the messages that are ready, oldest first, without taking them.'),
  )
    .argument('[queue]', 'name of the queue')
    .addHelpText('after', '\nExamples:\n  machinery queue pending critical --limit 5')
    .action(action(listPending))
  paged(queue.command('delayed').description('Lists the messages that wait for their time, soonest first.'))
    .argument('[queue]', 'name of the queue; without it of all queues')
    .addHelpText('after', '\nExamples:\n  machinery queue delayed --limit 5')
    .action(action(listDelayed))
  queue
    .command('purge')
    .description('Removes what waits in a queue; its tasks end as cancelled.')
    .argument('[queue]', 'name of the queue')
    .option('--yes', 'do it without asking')
    .addHelpText('after', '\nExamples:\n  machinery queue purge critical --yes')
    .action(action(purge))
  for (const [verb, text] of [
    ['pause', 'Lets no worker claim from a queue until it is resumed.'],
    ['resume', 'Takes the pause of a queue back.'],
  ] as const) {
    queue
      .command(verb)
      .description(text)
      .argument('<queue>', 'name of the queue')
      .addHelpText('after', `\nExamples:\n  machinery queue ${verb} critical`)
      .action(action(async (context, _flags: object, name: string) => pausing(context, verb, name)))
  }
}

async function ls(context: CommandContext, flags: Page): Promise<void> {
  await using server = await context.openServer()
  await context.output.list(partOf(await server.queues.list(), flags), QUEUES)
}

async function show(context: CommandContext, _flags: object, name?: string): Promise<void> {
  await using server = await context.openServer()
  const stats = await server.queueStats(name)
  const { queue, oldestPendingAt, ...counts } = stats
  const [isPaused, workers] = await pauseAndWorkers(server, queue)
  await context.output.one({
    queue,
    ...counts,
    ...(oldestPendingAt === undefined ? {} : age(context, oldestPendingAt)),
    isPaused,
    workers,
  })
}

function age({ clock, output }: CommandContext, at: number): object {
  if (!output.isTable) return { oldestPendingAt: at }
  return { oldest: shortDuration(clock.now() - at) }
}

/** Where there is no result backend, or it has no control store, nothing is paused and no worker is known. */
async function pauseAndWorkers(
  server: Server,
  queue: string,
): Promise<readonly [boolean, readonly string[]]> {
  try {
    const [isPaused, workers] = await Promise.all([server.queues.isPaused(queue), server.workers.list()])
    return [
      isPaused,
      workers.filter(({ queues }) => Object.hasOwn(queues, queue)).map((worker) => worker.name),
    ]
  } catch (error) {
    const { isMachineryError } = await import('../../core/errors.ts')
    if (isMachineryError(error, 'ERR_UNSUPPORTED') || isMachineryError(error, 'ERR_BACKEND_REQUIRED'))
      return [false, []]
    throw error
  }
}

async function listPending(context: CommandContext, flags: Page, queue?: string): Promise<void> {
  const { MESSAGES } = await import('../message-list.ts')
  const { messageView } = await import('../message-view.ts')
  await using server = await context.openServer()
  const messages = await server.getPendingTasks(queue, flags)
  await context.output.list(messages.map(messageView), MESSAGES)
}

async function listDelayed(context: CommandContext, page: Page, queue?: string): Promise<void> {
  const { MESSAGES } = await import('../message-list.ts')
  const { messageView } = await import('../message-view.ts')
  await using server = await context.openServer()
  const found =
    queue === undefined ? await server.getDelayedTasks(page) : await delayedOf(server, queue, page)
  const rows = found.map(({ message, dueAt, ...rest }) => ({
    ...messageView(message),
    queue: rest.queue,
    dueAt,
  }))
  await context.output.list(rows, {
    ...MESSAGES,
    columns: [
      { title: 'due', text: ({ dueAt }) => instantText(dueAt) },
      { title: 'queue', text: (row) => row.queue },
      ...MESSAGES.columns,
    ],
  })
}

const PAGE = 500

/** The store lists the delayed messages of all queues: it is read on until the part is full. */
async function delayedOf(
  server: Server,
  queue: string,
  { offset, limit }: Page,
): ReturnType<Server['getDelayedTasks']> {
  const found: Awaited<ReturnType<Server['getDelayedTasks']>>[number][] = []
  for (let from = 0; found.length < offset + limit; from += PAGE) {
    const page = await server.getDelayedTasks({ offset: from, limit: PAGE })
    found.push(...page.filter((task) => task.queue === queue))
    if (page.length < PAGE) break
  }
  return found.slice(offset, offset + limit)
}

async function purge(context: CommandContext, { yes }: YesFlag, name?: string): Promise<ExitCode> {
  await using server = await context.openServer()
  const stats = await server.queueStats(name)
  const { queue } = stats
  const what = `remove ${stats.pending + stats.delayed} messages from the queue ${queue}`
  if (!(await confirm(context, what, yes))) return EXIT.no
  const removed = await server.purge(queue)
  await context.output.done(`removed ${removed} messages from ${queue}`, { queue, removed })
  return EXIT.ok
}

async function pausing(context: CommandContext, verb: 'pause' | 'resume', queue: string): Promise<void> {
  await using server = await context.openServer()
  await server.queues[verb](queue)
  await context.output.done(`${verb}d ${queue}`, { queue, isPaused: verb === 'pause' }, queue)
}
