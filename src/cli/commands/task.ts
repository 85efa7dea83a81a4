import type { Command } from 'commander'
import type { Page } from '../../core/ports/inspector.ts'
import type { CommandContext } from '../command-context.ts'
import type { ListView } from '../output.ts'
import { paged, partOf } from '../paged.ts'
import { action } from '../run-command.ts'

interface TaskRow {
  readonly task: string
  /** Workers that know it. */
  readonly workers: number
  /** Runs that are told of; a worker tells of 100 at most. */
  readonly running: number
  readonly isPaused: boolean
}

const TASKS: ListView<TaskRow> = {
  columns: [
    { title: 'task', text: ({ task }) => task },
    { title: 'workers', text: ({ workers }) => String(workers), isNumber: true },
    { title: 'running', text: ({ running }) => String(running), isNumber: true },
    { title: '', text: ({ isPaused }) => (isPaused ? 'paused' : '') },
  ],
  id: ({ task }) => task,
  none: 'no tasks: no worker is registered',
}

/** `machinery task …`. */
export function addTask(program: Command): void {
  const task = program
    .command('task')
    .summary('list, pause and resume tasks by name')
    .description('Tasks by name, whatever queue their messages are in.')
  paged(task.command('ls').description('Lists the tasks that workers know, and those that are paused.'))
    .addHelpText('after', '\nExamples:\n  machinery task ls')
    .action(action(ls))
  for (const [verb, text] of [
    ['pause', 'Lets no worker start a task until it is resumed; its messages stay.'],
    ['resume', 'Takes the pause of a task back.'],
  ] as const) {
    task
      .command(verb)
      .description(text)
      .argument('<task>', 'name of the task')
      .addHelpText('after', `\nExamples:\n  machinery task ${verb} send-mail`)
      .action(action(async (context, _flags: object, name: string) => pausing(context, verb, name)))
  }
}

async function ls(context: CommandContext, page: Page): Promise<void> {
  await using server = await context.openServer()
  const [workers, pausedTasks] = await Promise.all([server.workers.list(), server.tasks.paused()])
  const paused = new Set(pausedTasks)
  const names = new Set([...workers.flatMap(({ tasks }) => tasks), ...paused])
  const rows = [...names].toSorted().map((name): TaskRow => ({
    task: name,
    workers: workers.filter(({ tasks }) => tasks.includes(name)).length,
    running: workers.flatMap(({ runningTasks }) => runningTasks).filter((run) => run.name === name).length,
    isPaused: paused.has(name),
  }))
  await context.output.list(partOf(rows, page), TASKS)
}

async function pausing(context: CommandContext, verb: 'pause' | 'resume', task: string): Promise<void> {
  await using server = await context.openServer()
  await server.tasks[verb](task)
  await context.output.done(`${verb}d ${task}`, { task, isPaused: verb === 'pause' }, task)
}
