import type { Command, Option } from 'commander'

/** What an option, or an argument, takes: nothing, one of some words, a file, or any text. */
export type Value =
  | { readonly kind: 'none' | 'file' | 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }

/** An option as it is completed. */
export interface OptionWord {
  readonly flag: string
  readonly short: string | undefined
  readonly text: string
  readonly value: Value
}

/** What may follow the words of a command. */
export interface Words {
  /** `queue ls`; empty for the program. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly text: string }[]
  readonly options: readonly OptionWord[]
  readonly argument: Value
}

/** Commands whose words may be left out: `machinery worker ENTRY` is `machinery worker run ENTRY`. */
const ASSUMED: ReadonlyMap<string, string> = new Map([['worker', 'run']])
const HELP: OptionWord = { flag: '--help', short: '-h', text: 'show help', value: { kind: 'none' } }

/** Of a program as it is, the program's own first. */
export function completionWords(program: Command): readonly Words[] {
  return wordsOf(program, [], [...ownOptions(program), HELP])
}

function wordsOf(
  command: Command,
  path: readonly string[],
  globals: readonly OptionWord[],
): readonly Words[] {
  const assumedName = path.length === 1 ? ASSUMED.get(path[0] ?? '') : undefined
  const assumed = command.commands.find((below) => below.name() === assumedName)
  const own = path.length === 0 ? [] : [...ownOptions(command), ...(assumed ? ownOptions(assumed) : [])]
  const one = {
    path: path.join(' '),
    commands: command.commands.map((below) => ({
      name: below.name(),
      text: below.summary() || below.description(),
    })),
    options: [...own, ...globals],
    argument: argumentOf(assumed ?? command),
  }
  return [one, ...command.commands.flatMap((below) => wordsOf(below, [...path, below.name()], globals))]
}

function ownOptions(command: Command): readonly OptionWord[] {
  return command.options.flatMap((option): readonly OptionWord[] => {
    const { hidden, long, short, description } = option
    return hidden || typeof long !== 'string'
      ? []
      : [{ flag: long, short, text: description, value: valueOf(option) }]
  })
}

function valueOf({ argChoices, flags, required, optional }: Option): Value {
  if (argChoices !== undefined) return { kind: 'choice', choices: argChoices }
  if (flags.includes('<file>')) return { kind: 'file' }
  return { kind: required || optional ? 'text' : 'none' }
}

function argumentOf({ registeredArguments }: Command): Value {
  const choices = registeredArguments.flatMap(({ argChoices = [] }) => argChoices)
  if (choices.length > 0) return { kind: 'choice', choices }
  return { kind: registeredArguments.some((argument) => argument.name() === 'entry') ? 'file' : 'text' }
}
