import { styleText } from 'node:util'
import { printable } from './printable.ts'

/** Where a command writes. */
export interface OutputStream {
  readonly isTTY?: boolean
  write(text: string): boolean
  once(event: 'drain', listener: () => void): unknown
}

/** What an `Output` is made of. */
export interface OutputOptions {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** JSON also on a terminal. */
  readonly json: boolean
  /** Ids alone, and nothing for people. */
  readonly quiet: boolean
}

/** One column of a table. */
export interface Column<T> {
  readonly title: string
  readonly text: (row: T) => string
  /** Numbers stand at the right. */
  readonly isNumber?: boolean
}

/** How the rows of a list are shown. */
export interface ListView<T> {
  readonly columns: readonly Column<T>[]
  /** What `--quiet` prints of a row. */
  readonly id: (row: T) => string
  /** What is said on a terminal when there are none. */
  readonly none: string
}

/** Results on stdout: tables on a terminal, a line of JSON for each otherwise. What is for people alone goes to stderr. */
export class Output {
  /** Whether people read stdout. */
  readonly isTable: boolean
  readonly quiet: boolean
  readonly stderr: OutputStream
  readonly #stdout: OutputStream

  constructor({ stdout, stderr, json, quiet }: OutputOptions) {
    this.isTable = stdout.isTTY === true && !json
    this.quiet = quiet
    this.stderr = stderr
    this.#stdout = stdout
  }

  /** A list: a table, a line of JSON per row, or the ids alone. */
  async list<T extends object>(rows: readonly T[], { columns, id, none }: ListView<T>): Promise<void> {
    if (this.quiet) return this.#lines(rows.map((row) => printable(id(row))))
    if (!this.isTable) return this.#lines(rows.map(jsonLine))
    if (rows.length === 0) return this.note(none)
    await this.#lines([await table(rows, columns)])
  }

  /** One thing: its fields in lines, or JSON. `--quiet` changes nothing: it was asked for. */
  async one(record: object): Promise<void> {
    if (!this.isTable) return this.#lines([jsonLine(record)])
    const fields = Object.entries(record).filter(([, value]) => value !== undefined)
    const width = Math.max(...fields.map(([name]) => name.length))
    await this.#lines(
      fields.map(([name, value]) => `${style('bold', name.padEnd(width))}  ${fieldText(value)}`),
    )
  }

  /** What was done: a sentence on a terminal, else JSON; with `--quiet` the id, where there is one. */
  async done(sentence: string, record: object, id?: string): Promise<void> {
    if (this.quiet) return id === undefined ? undefined : this.#lines([printable(id)])
    await this.#lines([this.isTable ? printable(sentence) : jsonLine(record)])
  }

  /** A text as it is: scripts, previews. */
  async text(text: string): Promise<void> {
    await this.#lines([text])
  }

  /** A line for people, on stderr. */
  note(text: string): void {
    if (!this.quiet) this.stderr.write(`${text}\n`)
  }

  /** What went wrong, in one line on stderr. */
  problem(text: string): void {
    this.stderr.write(`${text}\n`)
  }

  async #lines(lines: readonly string[]): Promise<void> {
    if (lines.length === 0 || this.#stdout.write(`${lines.join('\n')}\n`)) return
    await new Promise<void>((resolve) => this.#stdout.once('drain', resolve))
  }
}

/** One line of JSON; a 64-bit integer that is no safe number is a string of digits. */
export function jsonLine(record: unknown): string {
  return JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

function fieldText(value: unknown): string {
  return printable(typeof value === 'string' ? value : jsonLine(value))
}

async function table<T>(rows: readonly T[], columns: readonly Column<T>[]): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const border = ['top', 'bottom', 'left', 'right', 'mid'] as const
  const corners = border.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
  const made = new Table({
    head: columns.map(({ title }) => style('bold', title)),
    colAligns: columns.map(({ isNumber }) => (isNumber === true ? 'right' : 'left')),
    chars: { ...Object.fromEntries(corners.map((corner) => [corner, ''])), 'mid-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  made.push(...rows.map((row) => columns.map(({ text }) => printable(text(row)))))
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

function style(how: Parameters<typeof styleText>[0], text: string): string {
  return styleText(how, text, { stream: process.stdout })
}
