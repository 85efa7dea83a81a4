import type { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { durationMs } from '../flag-values.ts'
import { action } from '../run-command.ts'

interface ResultFlags {
  readonly wait?: boolean
  readonly timeout?: number
}

interface CancelFlags {
  readonly reason?: string
}

/** `machinery result`, `state`, `watch` and `cancel`: what is known of one task. */
export function addResult(program: Command): void {
  program
    .command('result')
    .summary('print the result of a task')
    .description('Prints the result of a task. Exits with 1 when it failed, has not ended, or is not known.')
    .argument('<uuid>', 'UUID of the task')
    .option('--wait', 'wait until it has ended')
    .option('--timeout <duration>', 'longest wait; implies --wait', durationMs)
    .addHelpText('after', '\nExamples:\n  machinery result task_0199 --wait --timeout 30s')
    .action(action(result))
  program
    .command('state')
    .summary('print the state of a task')
    .description('Prints what is stored of a task. Exits with 1 when nothing is.')
    .argument('<uuid>', 'UUID of the task')
    .addHelpText(
      'after',
      '\nExamples:\n  machinery state task_0199\n  machinery state task_0199 --json | jq -r .state',
    )
    .action(action(state))
  program
    .command('watch')
    .summary('print each state of a task until it ends')
    .description(
      'Prints each state of a task as it is seen, until it has ended. Exits with 1 when it failed.',
    )
    .argument('<uuid>', 'UUID of the task')
    .option('--timeout <duration>', 'longest wait', durationMs)
    .addHelpText('after', '\nExamples:\n  machinery watch task_0199')
    .action(action(watch))
  program
    .command('cancel')
    .summary('cancel a task that waits or runs')
    .description('Ends a task in FAILURE unless it has ended. Exits with 1 when it was too late.')
    .argument('<uuid>', 'UUID of the task')
    .option('--reason <text>', 'why; stands in its error')
    .addHelpText('after', "\nExamples:\n  machinery cancel task_0199 --reason 'sent twice'")
    .action(action(cancel))
}

async function result(context: CommandContext, flags: ResultFlags, uuid: string): Promise<ExitCode> {
  const { output, signal } = context
  const { showEnd, showState } = await import('../show-end.ts')
  await using server = await context.openServer()
  const handle = server.result(uuid)
  if (flags.wait === true || flags.timeout !== undefined) {
    const { timeout } = flags
    return await showEnd(output, handle, { signal, ...(timeout === undefined ? {} : { timeoutMs: timeout }) })
  }
  const now = await handle.state()
  if (now !== undefined) return await showState(output, now)
  return unknown(context, uuid)
}

async function state(context: CommandContext, _flags: object, uuid: string): Promise<ExitCode> {
  const { stateView } = await import('../message-view.ts')
  await using server = await context.openServer()
  const handle = server.result(uuid)
  const now = await handle.state()
  if (now === undefined) return unknown(context, uuid)
  const progress = await handle.progress().catch(() => undefined)
  await context.output.one({ ...stateView(now), ...(progress === undefined ? {} : { progress }) })
  return EXIT.ok
}

async function watch(context: CommandContext, { timeout }: ResultFlags, uuid: string): Promise<ExitCode> {
  const { output, signal } = context
  const { stateView } = await import('../message-view.ts')
  await using server = await context.openServer()
  let last = ''
  for await (const seen of server
    .result(uuid)
    .watch({ signal, ...(timeout === undefined ? {} : { timeoutMs: timeout }) })) {
    last = seen.state
    await output.done(`${seen.state} ${seen.error}`.trim(), stateView(seen), seen.state)
  }
  return last === 'SUCCESS' ? EXIT.ok : EXIT.no
}

async function cancel(context: CommandContext, { reason }: CancelFlags, uuid: string): Promise<ExitCode> {
  await using server = await context.openServer()
  const isCancelled = await server.cancel(uuid, reason)
  const sentence = isCancelled ? `cancelled ${uuid}` : `${uuid} had ended already`
  await context.output.done(sentence, { uuid, isCancelled }, uuid)
  return isCancelled ? EXIT.ok : EXIT.no
}

function unknown({ output }: CommandContext, uuid: string): ExitCode {
  output.problem(`no state is stored for task ${uuid}: it was not sent, or its state has expired`)
  return EXIT.no
}
