import { readFileSync } from 'node:fs'
import { decodeMessage, encodeMessage, type WireForm } from '../../src/core/wire/message-codec.ts'
import { withMessage } from '../../src/core/message.ts'

// What the codec costs against the engine's own JSON on the same document: medians of 7 rounds, the two interleaved.

const ROUNDS = 7
const PASSES = 100_000

const ORDINARY =
  '{"UUID":"task_5f24dddd-db69-453e-9ab0-5c91b95503ef","Name":"add","RoutingKey":"machinery_tasks",' +
  '"Args":[{"Type":"int64","Value":1},{"Type":"int64","Value":1}],"Headers":{},"RetryCount":3}'

const FULL = readFileSync(new URL('../../tests/fixtures/wire/golden/add.fork.json', import.meta.url), 'utf8')

function nanosPerCall(call: () => unknown): number {
  const start = process.hrtime.bigint()
  for (let pass = 0; pass < PASSES; pass += 1) call()
  return Number(process.hrtime.bigint() - start) / PASSES
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

function compare(what: string, ours: () => unknown, engine: () => unknown): readonly string[] {
  const times: { readonly ours: number[]; readonly engine: number[] } = { ours: [], engine: [] }
  nanosPerCall(ours)
  nanosPerCall(engine)
  for (let round = 0; round < ROUNDS; round += 1) {
    times.ours.push(nanosPerCall(ours))
    times.engine.push(nanosPerCall(engine))
  }
  const [mine, theirs] = [median(times.ours), median(times.engine)]
  return [what, mine.toFixed(0), theirs.toFixed(0), `${(mine / theirs).toFixed(2)} x`]
}

function rowsOf(name: string, document: string, form: WireForm): readonly (readonly string[])[] {
  const body = Buffer.from(document)
  const message = withMessage(decodeMessage(body), {})
  const value: unknown = JSON.parse(document)
  return [
    compare(
      `decode ${name}, ${body.length} B`,
      () => decodeMessage(body),
      () => JSON.parse(body.toString()),
    ),
    compare(
      `encode ${name}, ${form}`,
      () => encodeMessage(message, form),
      () => Buffer.from(JSON.stringify(value)),
    ),
  ]
}

const rows = [
  ['', 'codec ns', 'JSON ns', 'ratio'],
  ...rowsOf('ordinary', ORDINARY, 'compact'),
  ...rowsOf('full', FULL, 'full-fork'),
]
for (const [what = '', ...figures] of rows) {
  process.stdout.write(`${what.padEnd(28)}${figures.map((figure) => figure.padStart(10)).join('')}\n`)
}
