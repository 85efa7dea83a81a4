/**
 * `text` with the part between `<!-- generated: NAME -->` and `<!-- end of NAME -->` replaced by `content`.
 * @throws Error when the markers are not there.
 */
export function withSection(text: string, name: string, content: string): string {
  const start = `<!-- generated: ${name} -->`
  const end = `<!-- end of ${name} -->`
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`no section ${start} … ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${content.trim()}\n\n${text.slice(to)}`
}

/** A Markdown table; its columns are padded as the formatter wants them. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => lengthOf(row[column] ?? ''))))
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - lengthOf(text))
}

/** In characters, as the formatter counts. */
function lengthOf(text: string): number {
  return Array.from(text).length
}
