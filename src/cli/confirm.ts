import { createInterface } from 'node:readline/promises'
import { MachineryError } from '../core/errors.ts'
import type { CommandContext } from './command-context.ts'

/**
 * Whether something that cannot be undone may be done: with `--yes`, or when a person at the terminal says so.
 * @param what is to be done, with how many things
 * @throws `ERR_OPTION_INVALID` where nobody can be asked
 */
export async function confirm(
  { output, signal }: CommandContext,
  what: string,
  yes: boolean | undefined,
): Promise<boolean> {
  if (yes === true) return true
  if (!process.stdin.isTTY || !output.isTable) {
    throw new MachineryError('ERR_OPTION_INVALID', `this would ${what}; --yes does it`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`This will ${what}. Go on? [y/N] `, { signal })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
