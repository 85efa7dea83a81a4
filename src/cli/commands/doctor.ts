import type { Command } from 'commander'
import type { Finding } from '../../core/ports/diagnosis.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { collected } from '../flag-values.ts'
import type { ListView } from '../output.ts'
import { action } from '../run-command.ts'

interface DoctorFlags {
  readonly repair?: boolean
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
    .addHelpText(
      'after',
      '\nExamples:\n  machinery doctor --broker redis://localhost:6379\n  machinery doctor --repair',
    )
    .action(action(doctor))
}

async function doctor(context: CommandContext, { repair, queue = [] }: DoctorFlags): Promise<ExitCode> {
  const { examine } = await import('../examine.ts')
  const { findings, repaired } = await examine(context, queue, repair === true)
  for (const text of repaired) context.output.note(`repaired: ${text}`)
  await context.output.list(findings, FINDINGS)
  return findings.some(({ level }) => level === 'problem') ? EXIT.no : EXIT.ok
}
