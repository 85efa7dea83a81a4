import { markdownTable } from './generated-section.ts'

interface Option {
  readonly name: string
  readonly meaning: string
  readonly default: string
}

const MEMBER =
  /(?:\/\*\*(?<doc>(?:(?!\*\/)[^])*)\*\/\s*)?^ {2}readonly (?<name>\w+)(?<optional>\??):\s*(?<type>.*)$/gm

/**
 * The options of one interface as a table, from its docstrings: name, meaning, default. One without a docstring is
 * explained by its type. `source` is the text of the file.
 * @throws Error when the interface is not there.
 */
export function optionTable(source: string, interfaceName: string): string {
  const rows = optionsOf(source, interfaceName).map(({ name, meaning, default: standard }) => [
    `\`${name}\``,
    meaning,
    standard,
  ])
  return markdownTable(['Option', 'Means', 'Default'], rows)
}

function optionsOf(source: string, interfaceName: string): readonly Option[] {
  const start = new RegExp(`^export interface ${interfaceName}\\b[^]*?\\{$`, 'm').exec(source)
  if (start === null) throw new Error(`no interface ${interfaceName}`)
  const from = start.index + start[0].length
  const body = source.slice(from, source.indexOf('\n}', from))
  return [...body.matchAll(MEMBER)].map(({ groups }) => {
    const [text = '', standard] = onOneLine(groups?.['doc'] ?? '').split(/\s*@default\s*/)
    const fallback = groups?.['optional'] === '?' ? '' : 'required'
    return {
      name: groups?.['name'] ?? '',
      meaning: cell(text === '' ? `A \`${groups?.['type']}\`.` : text),
      default: cell(standard ?? fallback),
    }
  })
}

function onOneLine(doc: string): string {
  return doc
    .replaceAll(/^\s*\*\s?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** Bars would end the cell. */
function cell(text: string): string {
  return text.trim().replaceAll('|', '\\|')
}
