import type { Command } from 'commander'

/** What may follow the words of a command. */
interface Words {
  /** `queue ls`; empty for the program. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly text: string }[]
  readonly options: readonly { readonly flag: string; readonly text: string }[]
}

/** The completion script of a shell, for a program as it is: the script asks nobody when it completes. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const words = wordsOf(program, [], globalOptions(program))
  if (shell === 'fish') return fishScript(words)
  return shell === 'bash' ? bashScript(words) : zshScript(words)
}

function globalOptions(program: Command): Words['options'] {
  return [...ownOptions(program), { flag: '--help', text: 'show help' }]
}

function wordsOf(command: Command, path: readonly string[], globals: Words['options']): readonly Words[] {
  const own = path.length === 0 ? [] : ownOptions(command)
  const one = {
    path: path.join(' '),
    commands: command.commands.map((below) => ({
      name: below.name(),
      text: below.summary() || below.description(),
    })),
    options: [...own, ...globals],
  }
  return [one, ...command.commands.flatMap((below) => wordsOf(below, [...path, below.name()], globals))]
}

function ownOptions(command: Command): Words['options'] {
  return command.options
    .filter(({ hidden, long }) => !hidden && typeof long === 'string')
    .map(({ long, description }) => ({ flag: long ?? '', text: description }))
}

function bashScript(all: readonly Words[]): string {
  return `# Completion of machinery for bash.
${candidates(all)}
_machinery() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) _machinery_words "\${path:+$path }$word" > /dev/null && path="\${path:+$path }$word" ;; esac
  done
  COMPREPLY=($(compgen -W "$(_machinery_words "$path")" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _machinery machinery`
}

function zshScript(all: readonly Words[]): string {
  return `#compdef machinery
# Completion of machinery for zsh.
${candidates(all)}
_machinery() {
  local path_='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case $word in -*) ;; *) _machinery_words "\${path_:+$path_ }$word" > /dev/null && path_="\${path_:+$path_ }$word" ;; esac
  done
  compadd -- \${(f)"$(_machinery_words "$path_" | tr ' ' '\\n')"}
  _files
}
compdef _machinery machinery`
}

/** A function that prints what may follow a path, and fails for a path that is none. */
function candidates(all: readonly Words[]): string {
  const cases = all.map(({ path, commands, options }) => {
    const words = [...commands.map(({ name }) => name), ...options.map(({ flag }) => flag)]
    return `    '${path}') echo '${words.join(' ')}' ;;`
  })
  return `_machinery_words() {
  case $1 in
${cases.join('\n')}
    *) return 1 ;;
  esac
}`
}

function fishScript(all: readonly Words[]): string {
  const lines = all.flatMap(({ path, commands, options }) => {
    const seen = path.split(' ').filter((word) => word !== '')
    const next = commands.map(({ name }) => name).join(' ')
    const inside = seen.map((word) => `__fish_seen_subcommand_from ${word}`)
    const where = [...inside, ...(next === '' ? [] : [`not __fish_seen_subcommand_from ${next}`])].join(
      '; and ',
    )
    const when = where === '' ? '' : ` -n '${where}'`
    return [
      ...commands.map(({ name, text }) => `complete -c machinery${when} -f -a ${name} -d '${quoted(text)}'`),
      ...options.map(
        ({ flag, text }) => `complete -c machinery${when} -l ${flag.slice(2)} -d '${quoted(text)}'`,
      ),
    ]
  })
  return ['# Completion of machinery for fish.', ...new Set(lines)].join('\n')
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
