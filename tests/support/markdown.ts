import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A page of the documentation: its path from the root, and its text. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** A fenced block: its language line, its code, and where it begins. */
export interface CodeBlock {
  readonly path: string
  /** Line of the page that the fence stands on, from 1. */
  readonly line: number
  /** What follows the three backticks, such as `ts` or `ts no-check: a reason`. */
  readonly info: string
  readonly code: string
}

/** All Markdown pages at the root and below `docs`. */
export function pages(root: string): readonly Page[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'))
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  return [...top, ...below.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))].map(
    (path) => ({
      path,
      text: readFileSync(join(root, path), 'utf8'),
    }),
  )
}

/** The fenced code blocks of a page. */
export function codeBlocks({ path, text }: Page): readonly CodeBlock[] {
  const blocks: CodeBlock[] = []
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const info = /^```(.+)$/.exec(lines[index] ?? '')?.[1]
    if (info === undefined) continue
    const end = lines.indexOf('```', index + 1)
    if (end < 0) throw new Error(`${path}:${index + 1}: the code block has no end`)
    blocks.push({ path, line: index + 1, info: info.trim(), code: lines.slice(index + 1, end).join('\n') })
    index = end
  }
  return blocks
}

/** The targets of the links of a page that point into the repository, without their fragments. */
export function relativeLinks({ text }: Page): readonly string[] {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`]*`/g, '')
  return [...prose.matchAll(/\]\((?<target>[^)\s]+)\)/g)]
    .map(({ groups }) => groups?.['target'] ?? '')
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ''))
}
