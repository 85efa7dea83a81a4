import type { Command } from 'commander'
import { systemClock } from '../core/clock.ts'
import { errorText, isMachineryError } from '../core/errors.ts'
import type { CommandContext, GlobalFlags } from './command-context.ts'
import { EXIT, exitCodeOf, type ExitCode } from './exit-code.ts'
import { Output } from './output.ts'
import { printable, withoutCredentials } from './printable.ts'

/** What a command does. Without an answer it ends with 0. */
export type CommandRun<F extends object, A extends readonly unknown[]> = (
  context: CommandContext,
  flags: F & GlobalFlags,
  ...args: A
) => Promise<ExitCode | void>

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The handler that commander calls for a command: runs it, says what is wrong in one line, and sets the exit code. */
export function action<F extends object, A extends readonly unknown[]>(
  run: CommandRun<F, A>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command
    const flags = command.optsWithGlobals<F & GlobalFlags>()
    const { stdout, stderr } = process
    const output = new Output({ stdout, stderr, json: flags.json === true, quiet: flags.quiet === true })
    const interrupts = listen()
    const context = contextOf(flags, output, interrupts)
    try {
      const code = (await run(context, flags, ...(given.slice(0, -2) as unknown as A))) ?? EXIT.ok
      process.exitCode = interrupts.isInterrupted() ? EXIT.interrupted : code
    } catch (error) {
      process.exitCode = interrupts.isInterrupted() ? EXIT.interrupted : exitCodeOf(error)
      if (!interrupts.isInterrupted()) output.problem(problemText(error))
    } finally {
      interrupts.stop()
    }
  }
}

/** One line, without secrets: what is known to be wrong needs no stack. */
export function problemText(error: unknown): string {
  const text = printable(withoutCredentials(errorText(error)))
  return isMachineryError(error) ? `${error.code}: ${text}` : text
}

interface Interrupts {
  readonly signal: AbortSignal
  /** Whether a signal came, and the command does not answer to signals by itself. */
  isInterrupted(): boolean
  stop(): void
}

/** The first signal asks the command to end, the second one ends the process. */
function listen(): Interrupts {
  const controller = new AbortController()
  let isListening = true
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted)
    controller.abort()
  }
  // Whoever reads, as in `| head`, has enough.
  const onPipeError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  process.stdout.on('error', onPipeError)
  return {
    signal: controller.signal,
    isInterrupted: () => isListening && controller.signal.aborted,
    stop: () => {
      isListening = false
      for (const name of SIGNALS) process.off(name, onSignal)
      process.stdout.off('error', onPipeError)
    },
  }
}

function contextOf(flags: GlobalFlags, output: Output, interrupts: Interrupts): CommandContext {
  const loadConfig: CommandContext['loadConfig'] = async (more) => {
    const { configSources, openConfig } = await import('./open-config.ts')
    const loaded = await openConfig(configSources(flags, more))
    for (const notice of loaded.notices) output.note(notice)
    return loaded
  }
  return {
    output,
    clock: systemClock,
    signal: interrupts.signal,
    flags,
    loadConfig,
    openServer: async (more) => {
      const [{ createServer }, { serverOptions }, { config }] = await Promise.all([
        import('../app/create-server.ts'),
        import('../app/config/config-options.ts'),
        loadConfig(),
      ])
      return createServer({ ...serverOptions(config), ...more })
    },
    takeOverSignals: () => interrupts.stop(),
  }
}
