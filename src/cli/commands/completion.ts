import { Argument, type Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { action } from '../run-command.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

type Shell = (typeof SHELLS)[number]

/** `machinery completion`. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script that completes commands and options in a shell.')
    .addArgument(new Argument('<shell>', 'shell').choices(SHELLS))
    .addHelpText(
      'after',
      `\nExamples:
  source <(machinery completion bash)
  machinery completion zsh > "\${fpath[1]}/_machinery"
  machinery completion fish > ~/.config/fish/completions/machinery.fish`,
    )
    .action(
      action(async ({ output }: CommandContext, _flags: object, shell: Shell) => {
        const { completionScript } = await import('../completion-script.ts')
        await output.text(completionScript(shell, program))
      }),
    )
}
