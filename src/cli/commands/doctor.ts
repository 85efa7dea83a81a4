import { type Command, Option } from 'commander'
import type { RedisUser } from '../../app/redis-acl.ts'
import type { Finding } from '../../core/ports/diagnosis.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { collected } from '../flag-values.ts'
import type { ListView } from '../output.ts'
import { action } from '../run-command.ts'

interface DoctorFlags {
  readonly repair?: boolean
  readonly acl?: boolean
  readonly queue?: readonly string[]
}

const SIGNS = { ok: 'ok', warning: '! warning', problem: 'x problem' } as const

const FINDINGS: ListView<Finding> = {
  columns: [
    { title: '', text: ({ level }) => SIGNS[level] },
    { title: 'check', text: ({ check }) => check },
    { title: 'found', text: ({ text }) => text },
  ],
  id: ({ check, level }) => `${level} ${check}`,
  none: 'nothing was looked at',
}

const USERS: ListView<RedisUser> = {
  columns: [{ title: 'user', text: ({ line }) => line }],
  id: ({ line }) => line,
  none: 'there are none',
}

/** `machinery doctor`. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('check the configuration, the store and what is in it')
    .description(
      'Checks connection, version and settings of the store, clocks, leases without an owner, and queues that nobody consumes. Exits with 1 when there is a problem.',
    )
    .option('--repair', 'mend what can be mended: nothing that somebody holds is taken from him')
    .option(
      '-Q, --queue <name>',
      'a queue that the store may not know of; may be given several times',
      collected,
    )
    .addOption(
      new Option(
        '--acl',
        'print the users of Redis that a worker and a producer need, and connect to nothing',
      ).conflicts('repair'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  machinery doctor --broker redis://localhost:6379\n  machinery doctor --repair\n  machinery doctor --acl -Q orders -Q mail',
    )
    .action(action(doctor))
}

async function doctor(context: CommandContext, { repair, acl, queue = [] }: DoctorFlags): Promise<ExitCode> {
  if (acl === true) return printUsers(context, queue)
  const { examine } = await import('../examine.ts')
  const { findings, repaired } = await examine(context, queue, repair === true)
  for (const text of repaired) context.output.note(`repaired: ${text}`)
  await context.output.list(findings, FINDINGS)
  return findings.some(({ level }) => level === 'problem') ? EXIT.no : EXIT.ok
}

/** Lines to be put into an ACL file, so they are lines on a terminal too. */
async function printUsers(context: CommandContext, queue: readonly string[]): Promise<ExitCode> {
  const [{ redisUsers }, { serverOptions }, { configuredQueues }] = await Promise.all([
    import('../../app/redis-acl.ts'),
    import('../../app/config/config-options.ts'),
    import('../configured-queues.ts'),
  ])
  const { config } = await context.loadConfig()
  const users = await redisUsers(serverOptions(config), configuredQueues(config, queue))
  if (context.flags.json === true) await context.output.list(users, USERS)
  else await context.output.text(users.map(({ line }) => line).join('\n'))
  return EXIT.ok
}
