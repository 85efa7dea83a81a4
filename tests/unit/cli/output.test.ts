import { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Output, type ListView, type OutputStream } from '../../../src/cli/output.ts'
import { instantText, printable, shortDuration, withoutCredentials } from '../../../src/cli/printable.ts'
import { ProgressLine } from '../../../src/cli/progress-line.ts'
import { textLines } from '../../../src/cli/text-lines.ts'
import { fakeClock } from '../../../src/testing/index.ts'

interface Row {
  readonly name: string
  readonly count: number
}

const VIEW: ListView<Row> = {
  columns: [
    { title: 'name', text: ({ name }) => name },
    { title: 'count', text: ({ count }) => String(count), isNumber: true },
  ],
  id: ({ name }) => name,
  none: 'nothing',
}

const ROWS: readonly Row[] = [
  { name: 'a', count: 5 },
  { name: 'long\u001b[2J', count: 1_000 },
]

function opened(isTTY: boolean, flags: { readonly json?: boolean; readonly quiet?: boolean } = {}) {
  const texts = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr'): OutputStream => ({
    isTTY,
    write: (text) => {
      texts[name] += text
      return true
    },
    once: () => undefined,
  })
  const output = new Output({
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
  })
  return { output, texts }
}

describe('a list', () => {
  it('is a table on a terminal, which nothing in it can steer', async () => {
    const { output, texts } = opened(true)
    await output.list(ROWS, VIEW)
    const lines = stripVTControlCharacters(texts.stdout).split('\n')
    expect(lines).toEqual(['name           count', 'a                  5', 'long\\u001b[2J   1000', ''])
  })

  it('is a line of JSON for each row elsewhere, and with --json', async () => {
    for (const { output, texts } of [opened(false), opened(true, { json: true })]) {
      await output.list(ROWS, VIEW)
      expect(
        texts.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual(ROWS)
    }
  })

  it('is ids alone with --quiet, and says on a terminal when it is empty', async () => {
    const quiet = opened(true, { quiet: true })
    await quiet.output.list(ROWS, VIEW)
    expect(quiet.texts.stdout).toBe('a\nlong\\u001b[2J\n')
    const empty = opened(true)
    await empty.output.list([], VIEW)
    expect(empty.texts).toEqual({ stdout: '', stderr: 'nothing\n' })
  })

  it('shows integers beyond 2^53 exactly', async () => {
    const { output, texts } = opened(false)
    await output.one({ value: 2n ** 63n })
    expect(texts.stdout).toBe('{"value":"9223372036854775808"}\n')
  })
})

describe('progress', () => {
  it('is a line on a terminal that is taken away, and nothing elsewhere', async () => {
    const clock = fakeClock()
    for (const isTTY of [true, false]) {
      const { output, texts } = opened(isTTY)
      const line = new ProgressLine(output, clock, 'sent', 200)
      line.set(100)
      await clock.advance(1_000)
      line.end()
      expect(texts.stderr.includes('50 %, 100 of 200')).toBe(isTTY)
      expect(texts.stderr === '').toBe(!isTTY)
    }
  })
})

describe('texts', () => {
  it('lose control characters and credentials', () => {
    expect(printable('a\nb\u202e')).toBe('a\\u000ab\\u202e')
    expect(withoutCredentials('at redis://u:p@h:1/0 and amqp://x@y')).toBe(
      'at redis://***@h:1/0 and amqp://***@y',
    )
  })

  it('tell times', () => {
    expect([500, 3_200, 840_000, 7_200_000, 300_000_000].map(shortDuration)).toEqual([
      '500ms',
      '3.2s',
      '14m',
      '2h',
      '3d',
    ])
    expect([instantText(0), instantText(undefined)]).toEqual(['1970-01-01T00:00:00Z', ''])
  })

  it('are split into lines wherever their chunks end', async () => {
    const bytes = new TextEncoder().encode('eins\nzwölf\n\ndrei')
    const lines: string[] = []
    for await (const line of textLines(Readable.from([...bytes].map((byte) => Buffer.of(byte)))))
      lines.push(line)
    expect(lines).toEqual(['eins', 'zwölf', '', 'drei'])
  })
})
