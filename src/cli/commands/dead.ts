import type { Command } from 'commander'
import type { Server } from '../../app/create-server.ts'
import type { DeadLetter, Page } from '../../core/ports/inspector.ts'
import type { CommandContext } from '../command-context.ts'
import { confirm } from '../confirm.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import type { ListView } from '../output.ts'
import { paged } from '../paged.ts'
import { instantText } from '../printable.ts'
import { ProgressLine } from '../progress-line.ts'
import { action } from '../run-command.ts'

interface QueueFlag {
  readonly queue?: string
}

interface YesFlag extends QueueFlag {
  readonly yes?: boolean
}

interface LetterRow {
  readonly id: string
  readonly uuid: string
  readonly task: string
  readonly reason: string
  readonly deadAt: number
  readonly deliveryCount: number
}

const LETTERS: ListView<LetterRow> = {
  columns: [
    { title: 'id', text: ({ id }) => id },
    { title: 'uuid', text: ({ uuid }) => uuid },
    { title: 'task', text: ({ task }) => task },
    { title: 'dead since', text: ({ deadAt }) => instantText(deadAt) },
    { title: 'deliveries', text: ({ deliveryCount }) => String(deliveryCount), isNumber: true },
    { title: 'reason', text: ({ reason }) => reason },
  ],
  id: ({ id }) => id,
  none: 'no dead letters',
}

/** Letters that are redriven at once. */
const PAGE = 500

/** `machinery dead …`. */
export function addDead(program: Command): void {
  const dead = program
    .command('dead')
    .summary('look at dead letters, redrive and purge them')
    .description('Dead letters of a queue: messages that were given up, with why.')
  const ofQueue = (command: Command): Command =>
    command.option('-Q, --queue <name>', 'queue; without it the default queue')
  paged(ofQueue(dead.command('ls').description('Lists the dead letters, oldest first.')))
    .addHelpText('after', '\nExamples:\n  machinery dead ls --queue critical')
    .action(action(ls))
  ofQueue(dead.command('show').description('Shows a dead letter with its message.'))
    .argument('<id>', 'id that dead ls shows, or UUID of the task')
    .addHelpText('after', '\nExamples:\n  machinery dead show task_0199 --queue critical')
    .action(action(show))
  ofQueue(
    dead.command('redrive').description('Puts dead letters back into their queue, so that they run again.'),
  )
    .argument('[ids...]', 'ids that dead ls shows; without them all')
    .option('--yes', 'redrive all without asking')
    .addHelpText(
      'after',
      '\nExamples:\n  machinery dead redrive 17 18\n  machinery dead redrive --queue critical --yes',
    )
    .action(action(redrive))
  ofQueue(dead.command('purge').description('Removes all dead letters of a queue for good.'))
    .option('--yes', 'do it without asking')
    .addHelpText('after', '\nExamples:\n  machinery dead purge --queue critical --yes')
    .action(action(purge))
}

async function ls(context: CommandContext, flags: QueueFlag & Page): Promise<void> {
  const { readBody } = await import('../read-body.ts')
  await using server = await context.openServer()
  const letters = await server.getDeadLetters(flags.queue, flags)
  const rows = letters.map(({ id, body, reason, deadAt, deliveryCount }): LetterRow => {
    const message = readBody(body)
    return { id, uuid: message?.uuid ?? '', task: message?.task ?? '', reason, deadAt, deliveryCount }
  })
  await context.output.list(rows, LETTERS)
}

async function show(context: CommandContext, { queue }: QueueFlag, id: string): Promise<ExitCode> {
  const { readBody } = await import('../read-body.ts')
  await using server = await context.openServer()
  const letter = await find(server, queue, (one) => one.id === id || readBody(one.body)?.uuid === id)
  if (letter === undefined) {
    context.output.problem(`no dead letter ${id} is in the queue`)
    return EXIT.no
  }
  const { body, ...rest } = letter
  const message = readBody(body) ?? { text: new TextDecoder().decode(body) }
  await context.output.one({
    ...rest,
    ...(context.output.isTable ? { deadAt: instantText(rest.deadAt) } : {}),
    message,
  })
  return EXIT.ok
}

async function find(
  server: Server,
  queue: string | undefined,
  isWanted: (letter: DeadLetter) => boolean,
): Promise<DeadLetter | undefined> {
  for (let offset = 0; ; offset += PAGE) {
    const letters = await server.getDeadLetters(queue, { offset, limit: PAGE })
    const found = letters.find(isWanted)
    if (found !== undefined || letters.length < PAGE) return found
  }
}

async function redrive(context: CommandContext, flags: YesFlag, ids: readonly string[]): Promise<ExitCode> {
  const { output } = context
  await using server = await context.openServer()
  const { queue, dead } = await server.queueStats(flags.queue)
  if (ids.length > 0) {
    const redriven = await server.redrive(queue, ids)
    await output.done(`redriven ${redriven} of ${ids.length}`, { queue, redriven })
    return redriven === ids.length ? EXIT.ok : EXIT.no
  }
  if (!(await confirm(context, `run ${dead} dead letters of the queue ${queue} again`, flags.yes)))
    return EXIT.no
  const redriven = await redriveAll(context, server, queue, dead)
  await output.done(`redriven ${redriven}`, { queue, redriven })
  return EXIT.ok
}

/** In parts, and no more than there were: what fails again meanwhile joins the end of the list. */
async function redriveAll(
  { output, clock, signal }: CommandContext,
  server: Server,
  queue: string,
  count: number,
): Promise<number> {
  const progress = new ProgressLine(output, clock, 'redriven', count)
  let redriven = 0
  try {
    while (redriven < count && !signal.aborted) {
      const limit = Math.min(PAGE, count - redriven)
      const letters = await server.getDeadLetters(queue, { offset: 0, limit })
      const moved = await server.redrive(
        queue,
        letters.map(({ id }) => id),
      )
      if (moved === 0) break
      progress.set((redriven += moved))
    }
  } finally {
    progress.end()
  }
  return redriven
}

async function purge(context: CommandContext, flags: YesFlag): Promise<ExitCode> {
  await using server = await context.openServer()
  const { queue, dead } = await server.queueStats(flags.queue)
  if (!(await confirm(context, `remove ${dead} dead letters of the queue ${queue} for good`, flags.yes)))
    return EXIT.no
  const removed = await server.purgeDeadLetters(queue)
  await context.output.done(`removed ${removed} dead letters of ${queue}`, { queue, removed })
  return EXIT.ok
}
