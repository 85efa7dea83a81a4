import { Command } from 'commander'
import { packageVersion } from '../app/package-version.ts'
import { addBench } from './commands/bench.ts'
import { addCompletion } from './commands/completion.ts'
import { addDead } from './commands/dead.ts'
import { addDoctor } from './commands/doctor.ts'
import { addQueue } from './commands/queue.ts'
import { addResult } from './commands/result.ts'
import { addSchedule } from './commands/schedule.ts'
import { addSend } from './commands/send.ts'
import { addTask } from './commands/task.ts'
import { addWorkerControl } from './commands/worker-control.ts'
import { addWorkerRun } from './commands/worker-run.ts'

const AFTER = `
The broker is what --broker, the variable BROKER or the configuration file says, in this order.
Lists are tables on a terminal, and a line of JSON per row elsewhere or with --json. NO_COLOR is respected.
Exit codes: 0 done, 1 a negative answer, 2 wrong usage, 3 the store is out of reach, 130 interrupted.

Examples:
  machinery worker ./tasks.ts -Q critical=6,default=3 -c 20 --broker redis://localhost:6379
  machinery send add 1 1 --wait --broker redis://localhost:6379
  machinery queue ls --broker sqlite:./jobs.db`

/** The whole command line. Nothing but its description is loaded here: each command loads what it needs. */
export function createProgram(): Command {
  const program = new Command('machinery')
    .description('Distributed task queue: workers, queues, results and schedules.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--broker <url>', 'URL of the broker')
    .option(
      '--result-backend <url>',
      'URL of the result backend; the store of the broker unless something else is set',
    )
    .option('--config <file>', 'configuration file; machinery.config.* of the working directory by default')
    .option('--json', 'JSON also on a terminal')
    .option('-q, --quiet', 'ids alone, and no messages')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows how to use it)')
    .addHelpText('after', AFTER)
  const worker = program
    .command('worker')
    .summary('run a worker; list, ping, scale, quiet and stop workers')
    .description('Runs a worker: machinery worker ENTRY. The other verbs reach the workers of all processes.')
    .usage('[options] <entry> | <verb> …')
    .addHelpText('after', '\nExamples:\n  machinery worker ./tasks.ts -c 20\n  machinery worker ls')
  addWorkerRun(worker)
  addWorkerControl(worker)
  addSend(program)
  addResult(program)
  addQueue(program)
  addTask(program)
  addDead(program)
  addSchedule(program)
  addDoctor(program)
  addBench(program)
  addCompletion(program)
  for (const command of allCommands(program)) command.exitOverride()
  return program
}

/** A command and all below it. */
export function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)]
}
