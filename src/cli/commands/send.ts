import type { Command } from 'commander'
import type { SendOptions } from '../../task/send-options.ts'
import type { AsyncResult } from '../../server/async-result.ts'
import type { CommandContext } from '../command-context.ts'
import type { ExitCode } from '../exit-code.ts'
import { collected, durationMs, instantMs, wholeNumber } from '../flag-values.ts'
import { action } from '../run-command.ts'

interface SendFlags {
  readonly in?: number
  readonly at?: number
  readonly queue?: string
  readonly retry?: number
  readonly backoff?: string
  readonly priority?: number
  readonly uuid?: string
  readonly header?: readonly string[]
  readonly wait?: boolean
  readonly timeout?: number
}

const EXAMPLES = `
Each ARG is TYPE:VALUE with one of Go's types (int32:5, float64:2, string:5, time.Time:2026-11-24T09:00:00Z, []int64:[1,2]),
else JSON (1 is int64, 1.5 float64, true bool, "a" string, [1,2] []int64, {"a":1} json), else a string.

Examples:
  machinery send add 1 1 --wait
  machinery send order.created '{"id":42}' --queue critical --retry 3
  machinery send report string:2026 --in 5m
  machinery send report --at 2026-11-24T09:00:00Z
  machinery send - < tasks.ndjson         one {"task":"add","args":[1,2]} per line; also uuid, queue, in, at, retry,
                                          backoff, priority, headers, immutable and noResult`

/** `machinery send`. */
export function addSend(program: Command): void {
  program
    .command('send')
    .summary('send a task, or many from stdin')
    .description('Sends a task and prints its UUID. `send -` reads one task per line of stdin.')
    .argument('<task>', 'name of the task, or - for NDJSON from stdin')
    .argument('[args...]', 'arguments of the task')
    .option('--in <duration>', 'run it this much later: 30s, 5m, 1h30m', durationMs)
    .option('--at <instant>', 'run it then: 2026-11-24T09:00:00Z', instantMs)
    .option('-Q, --queue <name>', 'queue; without it the default queue')
    .option('--retry <times>', 'how often a failed run is repeated', wholeNumber(0))
    .option('--backoff <policy>', 'fibonacci, "fixed 5000" or "exponential 100 60000 full", in ms')
    .option('--priority <number>', '0 to 255, higher first', wholeNumber(0, 255))
    .option('--uuid <uuid>', 'id of the run; sent twice, it runs once')
    .option('--header <name=value>', 'a header; may be given several times', collected)
    .option('--wait', 'wait for the result and print it')
    .option('--timeout <duration>', 'longest wait', durationMs)
    .addHelpText('after', EXAMPLES)
    .action(action(send))
}

async function send(
  context: CommandContext,
  flags: SendFlags,
  task: string,
  args: readonly string[],
): Promise<ExitCode | void> {
  const options = await sendOptions(flags)
  if (task === '-') return bulk(context, flags, args, options)
  const [{ argumentValue }, { signature }] = await Promise.all([
    import('../argument-values.ts'),
    import('../../task/untyped-signature.ts'),
  ])
  const uuid = flags.uuid === undefined ? {} : { uuid: flags.uuid }
  const work = signature(task, args.map(argumentValue), { ...options, ...uuid })
  await using server = await context.openServer()
  const result = await server.send(work)
  if (flags.wait === true) return await waitFor(context, result, flags.timeout)
  await context.output.done(`sent ${task}: ${result.uuid}`, { uuid: result.uuid, task }, result.uuid)
}

async function waitFor(
  { output, signal }: CommandContext,
  result: AsyncResult<unknown>,
  timeoutMs: number | undefined,
): Promise<ExitCode> {
  const { showEnd } = await import('../show-end.ts')
  output.note(`waiting for ${result.uuid}`)
  return showEnd(output, result, { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
}

async function bulk(
  context: CommandContext,
  flags: SendFlags,
  args: readonly string[],
  defaults: SendOptions,
): Promise<ExitCode> {
  const [{ sendBulk }, { optionError }] = await Promise.all([
    import('../send-bulk.ts'),
    import('../../task/option-error.ts'),
  ])
  if (args.length > 0) throw optionError('an argument after -', args[0], 'NDJSON on stdin')
  const single = (['wait', 'uuid'] as const).find((name) => flags[name] !== undefined)
  if (single !== undefined) throw optionError(`--${single}`, flags[single], 'no such option beside -')
  await using server = await context.openServer()
  const stdin = process.stdin
  const stop = (): void => void stdin.destroy()
  context.signal.addEventListener('abort', stop, { once: true })
  return await sendBulk(context, server, stdin, defaults)
}

async function sendOptions(flags: SendFlags): Promise<SendOptions> {
  const [{ parseRetryPolicy }, { optionError }] = await Promise.all([
    import('../../core/retry-policy.ts'),
    import('../../task/option-error.ts'),
  ])
  if (flags.in !== undefined && flags.at !== undefined)
    throw optionError('--at', flags.at, 'either --in or --at')
  const { queue, retry, backoff, priority, header = [] } = flags
  const headers = header.map((text) => {
    const end = text.indexOf('=')
    if (end < 1) throw optionError('--header', text, 'name=value')
    return [text.slice(0, end), text.slice(end + 1)] as const
  })
  return {
    ...(flags.in === undefined ? {} : { delayMs: flags.in }),
    ...(flags.at === undefined ? {} : { eta: flags.at }),
    ...(queue === undefined ? {} : { routingKey: queue }),
    ...(retry === undefined ? {} : { retryCount: retry }),
    ...(backoff === undefined ? {} : { retry: parseRetryPolicy(backoff) }),
    ...(priority === undefined ? {} : { priority }),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
  }
}
