import type { Command } from 'commander'
import { completionWords, type Value, type Words } from './completion-words.ts'

/** The completion script of a shell, for a program as it is: the script asks nobody when it completes. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const words = completionWords(program)
  if (shell === 'fish') return fishScript(words)
  return shell === 'bash' ? bashScript(words) : zshScript(words)
}

/** Stands for files among the candidates. */
const FILES = '/'

function bashScript(all: readonly Words[]): string {
  return `# Completion of machinery for bash.
${candidates(all)}
_machinery() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' option='' word list
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word = '=' ]] && continue
    if [[ -n $option ]]; then option=''; continue; fi
    case $word in
      -*) _machinery_value "$word" > /dev/null && option=$word ;;
      *) _machinery_words "\${path:+$path }$word" > /dev/null && path="\${path:+$path }$word" ;;
    esac
  done
  [[ $current = '=' ]] && current=''
  if [[ -n $option ]]; then list=$(_machinery_value "$option"); else list=$(_machinery_words "$path"); fi
  COMPREPLY=()
  while IFS= read -r word; do
    if [[ $word = '${FILES}' ]]; then
      compopt -o filenames 2> /dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
    elif [[ -n $word && $word = "$current"* ]]; then
      COMPREPLY+=("$word")
    fi
  done <<< "$list"
}
complete -F _machinery machinery`
}

function zshScript(all: readonly Words[]): string {
  return `#compdef machinery
# Completion of machinery for zsh.
${candidates(all)}
_machinery() {
  local path_='' option='' word
  local -a list
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $option ]]; then option=''; continue; fi
    case $word in
      -*) _machinery_value "$word" > /dev/null && option=$word ;;
      *) _machinery_words "\${path_:+$path_ }$word" > /dev/null && path_="\${path_:+$path_ }$word" ;;
    esac
  done
  if [[ -z $option && $words[CURRENT] = --*=* ]]; then
    option=\${words[CURRENT]%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then list=(\${(f)"$(_machinery_value "$option")"}); else list=(\${(f)"$(_machinery_words "$path_")"}); fi
  compadd -- \${list:#${FILES}}
  [[ -n \${(M)list:#${FILES}} ]] && _files
  return 0
}
if [[ $funcstack[1] = _machinery ]]; then _machinery "$@"; else compdef _machinery machinery; fi`
}

/**
 * Functions that print candidates in lines: what may follow a path, failing for a path that is none, and the value of an option,
 * failing for an option without one.
 */
function candidates(all: readonly Words[]): string {
  const paths = all.map(({ path, commands, options, argument }) => {
    const names = [...commands.map(({ name }) => name), ...valueWords(argument)]
    return `    '${path}') ${printed([...names, ...options.map(({ flag }) => flag)])} ;;`
  })
  const values = [...optionValues(all)].map(
    ([flag, value]) => `    ${flag}) ${printed(valueWords(value))} ;;`,
  )
  return `_machinery_words() {
  case $1 in
${paths.join('\n')}
    *) return 1 ;;
  esac
}
_machinery_value() {
  case $1 in
${values.join('\n')}
    *) return 1 ;;
  esac
}`
}

function printed(words: readonly string[]): string {
  return words.length === 0 ? ':' : `printf '%s\\n' ${words.join(' ')}`
}

function valueWords(value: Value): readonly string[] {
  if (value.kind === 'choice') return value.choices
  return value.kind === 'file' ? [FILES] : []
}

/** What options take that take something. A flag means the same in every command. */
function optionValues(all: readonly Words[]): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>()
  for (const { options } of all) {
    for (const { flag, short, value } of options) {
      if (value.kind === 'none') continue
      values.set(flag, value)
      if (short !== undefined) values.set(short, value)
    }
  }
  return values
}

function fishScript(all: readonly Words[]): string {
  const lines = all.flatMap(({ path, commands, options, argument }) => {
    const seen = path.split(' ').filter((word) => word !== '')
    const next = commands.map(({ name }) => name).join(' ')
    const inside = seen.map((word) => `__fish_seen_subcommand_from ${word}`)
    const where = [...inside, ...(next === '' ? [] : [`not __fish_seen_subcommand_from ${next}`])].join(
      '; and ',
    )
    const when = where === '' ? '' : ` -n '${where}'`
    return [
      ...commands.map(({ name, text }) => `complete -c machinery${when} -f -a ${name} -d '${quoted(text)}'`),
      ...(argument.kind === 'choice'
        ? [`complete -c machinery${when} -f -a '${argument.choices.join(' ')}'`]
        : []),
      ...(argument.kind === 'file' ? [`complete -c machinery${when} -F`] : []),
      ...options.map(({ flag, short, text, value }) => {
        const names = `-l ${flag.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
        return `complete -c machinery${when} ${names}${fishValue(value)} -d '${quoted(text)}'`
      }),
    ]
  })
  return ['# Completion of machinery for fish.', 'complete -c machinery -f', ...new Set(lines)].join('\n')
}

function fishValue(value: Value): string {
  switch (value.kind) {
    case 'none':
      return ''
    case 'file':
      return ' -r -F'
    case 'text':
      return ' -x'
    case 'choice':
      return ` -x -a '${value.choices.join(' ')}'`
  }
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
