import { Option, type Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import type { ExitCode } from '../exit-code.ts'
import { durationMs, wholeNumber } from '../flag-values.ts'
import { action } from '../run-command.ts'
import type { RunFlags } from '../run-worker.ts'

const MAX_PORT = 65_535

const EXAMPLES = `
ENTRY is a TypeScript or JavaScript module. Every export that is a task, or an array of tasks, is run. It may also export
  setup(server)    called before the worker claims anything; here schedules are made
  workerOptions    hooks, middleware and other options of server.startWorker

SIGTERM and SIGINT: no more is claimed, what runs may end within the grace time; a second one gives everything back at once.
SIGHUP: the configuration file is read again.

Examples:
  machinery worker ./tasks.ts -Q critical=6,default=3 -c 20
  machinery worker ./tasks.ts --once
  machinery worker ./tasks.ts --watch --log-level debug
  machinery worker ./tasks.ts --metrics-port 9464 --metrics-host 0.0.0.0`

/** `machinery worker run ENTRY`, which is also `machinery worker ENTRY`. */
export function addWorkerRun(worker: Command): void {
  worker
    .command('run', { isDefault: true })
    .description(
      'Runs a worker on the tasks of a module. "run" may be left out; a module that is named like a verb is ./ls.',
    )
    .argument('<entry>', 'path of the module')
    .option(
      '-Q, --queues <queues>',
      'queues: a name, a,b in strict order, or critical=6,default=3 with shares',
    )
    .option('-c, --concurrency <number>', 'handlers at once; 0 means twice the CPUs')
    .option('--name <name>', 'names the worker in logs and inspection')
    .option('--once', 'end with 0 when nothing is ready to run; messages that wait for their time are left')
    .option('--watch', 'start anew when a file of the module changes, after what runs has ended')
    .option('--grace <duration>', 'time for running handlers after a signal; 25s by default', durationMs)
    .option(
      '--metrics-port <port>',
      'serve /metrics, /live and /ready here; 0 takes a free port',
      wholeNumber(0, MAX_PORT),
    )
    .option('--metrics-host <host>', 'address to serve them on; 127.0.0.1 by default')
    .addOption(
      new Option('--log-level <level>', 'lowest level that is logged').choices([
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .addOption(
      new Option('--log-format <format>', 'pretty on a terminal by default, else json').choices([
        'json',
        'pretty',
      ]),
    )
    .addOption(new Option('--report-modules').hideHelp())
    .addHelpText('after', EXAMPLES)
    .action(action(run))
}

async function run(
  context: CommandContext,
  flags: RunFlags & { readonly watch?: boolean },
  entry: string,
): Promise<ExitCode> {
  if (flags.watch === true) {
    const { watchWorker } = await import('../watch-worker.ts')
    return watchWorker(context, entry)
  }
  const { runWorker } = await import('../run-worker.ts')
  const code = await runWorker(context, flags, entry)
  // A handler that ignores its signal would keep the process.
  process.exit(process.exitCode ?? code)
}
