import type { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { wholeNumber } from '../flag-values.ts'
import { action } from '../run-command.ts'

interface BenchFlags {
  readonly tasks: number
  readonly concurrency: number
}

const TASKS = 10_000
const CONCURRENCY = 50

/** `machinery bench`. */
export function addBench(program: Command): void {
  program
    .command('bench')
    .summary('measure sends and runs on this broker')
    .description(
      'Sends tasks that do nothing to a queue of its own, runs them here, and removes everything afterwards.',
    )
    .option('--tasks <count>', 'how many tasks', wholeNumber(1, 10_000_000), TASKS)
    .option('-c, --concurrency <number>', 'handlers at once', wholeNumber(1, 100_000), CONCURRENCY)
    .addHelpText('after', '\nExamples:\n  machinery bench --tasks 100000 --broker redis://localhost:6379')
    .action(action(bench))
}

async function bench(context: CommandContext, { tasks, concurrency }: BenchFlags): Promise<void> {
  const { measure } = await import('../bench-store.ts')
  await context.output.one(await measure(context, { tasks, concurrency }))
}
