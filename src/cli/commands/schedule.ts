import type { Command } from 'commander'
import type { Page } from '../../core/ports/inspector.ts'
import type { ScheduleStatus } from '../../periodic/schedule-status.ts'
import type { CommandContext } from '../command-context.ts'
import { confirm } from '../confirm.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { wholeNumber } from '../flag-values.ts'
import type { ListView } from '../output.ts'
import { paged, partOf } from '../paged.ts'
import type { PreviewFlags } from '../preview.ts'
import { instantText } from '../printable.ts'
import { action } from '../run-command.ts'

interface ShowFlags {
  readonly count: number
}

const MOST_RUNS = 10_000

const SCHEDULES: ListView<ScheduleStatus> = {
  columns: [
    { title: 'name', text: ({ name }) => name },
    { title: 'spec', text: ({ spec }) => spec },
    { title: 'last run', text: ({ lastTickAt }) => instantText(lastTickAt) },
    { title: 'next run', text: ({ nextTickAt }) => instantText(nextTickAt) },
    { title: '', text: ({ isPaused }) => (isPaused ? 'paused' : '') },
  ],
  id: ({ name }) => name,
  none: 'no schedules',
}

const ENTRY = 'module that schedules it in its setup function; see machinery worker run --help'

/** `machinery schedule …`. */
export function addSchedule(program: Command): void {
  const schedule = program
    .command('schedule')
    .summary('look at periodic tasks, pause, run and preview them')
    .description('Periodic tasks of all servers that have the same result backend.')
  paged(schedule.command('ls').description('Lists the schedules.'))
    .addHelpText('after', '\nExamples:\n  machinery schedule ls')
    .action(action(ls))
  schedule
    .command('show')
    .description('Shows a schedule and its next runs.')
    .argument('<name>', 'name of the schedule')
    .option('--count <runs>', 'how many runs', wholeNumber(1, MOST_RUNS), 5)
    .addHelpText('after', '\nExamples:\n  machinery schedule show nightly --count 30')
    .action(action(show))
  schedule
    .command('run')
    .description('Enqueues the work of a schedule once more, now; its ticks are not moved.')
    .argument('<name>', 'name of the schedule')
    .argument('<entry>', ENTRY)
    .addHelpText('after', '\nExamples:\n  machinery schedule run nightly ./tasks.ts')
    .action(action(run))
  for (const [verb, text] of [
    ['pause', 'Lets a schedule fire no tick until it is resumed.'],
    ['resume', 'Takes the pause of a schedule back; what was missed stays missed.'],
  ] as const) {
    schedule
      .command(verb)
      .description(text)
      .argument('<name>', 'name of the schedule')
      .addHelpText('after', `\nExamples:\n  machinery schedule ${verb} nightly`)
      .action(action(async (context, _flags: object, name: string) => pausing(context, verb, name)))
  }
  schedule
    .command('remove')
    .description('Forgets a schedule; a server that starts later and schedules it brings it back.')
    .argument('<name>', 'name of the schedule')
    .option('--yes', 'do it without asking')
    .addHelpText('after', '\nExamples:\n  machinery schedule remove nightly --yes')
    .action(action(remove))
  schedule
    .command('preview')
    .description("Prints the next runs of a specification in robfig/cron's dialect, in its zone and in UTC.")
    .argument('<spec>', 'five fields, a descriptor or @every')
    .option('--zone <zone>', 'time zone of the specification')
    .option('--dst <policy>', 'what happens when clocks change: go, shift or utc')
    .option('--count <runs>', 'how many runs; 10 by default')
    .option('--after <instant>', 'from when on; now by default')
    .addHelpText(
      'after',
      `\nExamples:\n  machinery schedule preview '0 6 * * mon-fri' --zone Europe/Berlin\n  machinery schedule preview '@every 1h30m' --count 3`,
    )
    .action(action(preview))
}

async function ls(context: CommandContext, page: Page): Promise<void> {
  await using server = await context.openServer()
  await context.output.list(partOf(await server.schedules.list(), page), SCHEDULES)
}

async function show(context: CommandContext, { count }: ShowFlags, name: string): Promise<ExitCode> {
  const { output } = context
  await using server = await context.openServer()
  const status = (await server.schedules.list()).find((schedule) => schedule.name === name)
  if (status === undefined) return noSchedule(context, name)
  const runs = status.isPaused ? [] : await server.schedules.preview(name, count)
  const { lastTickAt, nextTickAt, ...rest } = status
  const times = output.isTable
    ? { lastRun: instantText(lastTickAt), nextRuns: runs.map((at) => instantText(at)).join(' ') }
    : { lastTickAt, nextTickAt, nextRuns: runs }
  await output.one({ ...rest, ...times })
  return EXIT.ok
}

async function run(context: CommandContext, _flags: object, name: string, entry: string): Promise<ExitCode> {
  const { loadEntry } = await import('../load-entry.ts')
  const { tasks, setup } = await loadEntry(entry)
  await using server = await context.openServer({ tasks })
  await setup?.(server)
  const uuids = await server.schedules.runNow(name)
  await context.output.done(`enqueued ${name}: ${uuids.join(' ')}`, { name, uuids }, uuids.join('\n'))
  return EXIT.ok
}

async function pausing(context: CommandContext, verb: 'pause' | 'resume', name: string): Promise<ExitCode> {
  await using server = await context.openServer()
  if (!(await server.schedules[verb](name))) return noSchedule(context, name)
  await context.output.done(`${verb}d ${name}`, { name, isPaused: verb === 'pause' }, name)
  return EXIT.ok
}

async function remove(
  context: CommandContext,
  flags: { readonly yes?: boolean },
  name: string,
): Promise<ExitCode> {
  await using server = await context.openServer()
  if (!(await confirm(context, `remove the schedule ${name} on all servers`, flags.yes))) return EXIT.no
  if (!(await server.schedules.remove(name))) return noSchedule(context, name)
  await context.output.done(`removed ${name}`, { name }, name)
  return EXIT.ok
}

async function preview({ output, clock }: CommandContext, flags: PreviewFlags, spec: string): Promise<void> {
  const { previewText } = await import('../preview.ts')
  await output.text(previewText(spec, flags, clock.now()))
}

function noSchedule({ output }: CommandContext, name: string): ExitCode {
  output.problem(`no schedule ${name} is stored`)
  return EXIT.no
}
