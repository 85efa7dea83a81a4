import { int64, json, string } from '../../src/core/arg-types/index.ts'
import { contract, results, signature, task, typed } from '../../src/task/index.ts'
import type {
  ArgumentsMissing,
  CallTheTaskFirst,
  Ready,
  Signature,
  StandardSchema,
} from '../../src/task/index.ts'
import {
  add,
  addAll,
  check,
  divide,
  find,
  greet,
  log,
  notify,
  report,
  send,
  split,
  sum,
  tick,
} from './sample-tasks.ts'
import { expectType } from './expect-type.ts'

// --- handles: all arguments, the first few, or none
expectType<ReturnType<typeof add<[1, 2]>>, Signature<[], number>>()
const half = add(1)
expectType<typeof half, Signature<[b: number], number>>()
const none = add()
expectType<typeof none, Signature<[a: number, b: number], number>>()
const many = sum(1, 2, 3)
expectType<typeof many, Signature<number[], number>>()
greet('Ada')
greet('Ada', 'Countess')
// @ts-expect-error a text is not a number
add('1', 2)
// @ts-expect-error there is no third argument
add(1, 2, 3)
// @ts-expect-error every term is a number
sum(1, 2, '3')
// @ts-expect-error the title is a text
greet('Ada', 1)
// @ts-expect-error there is no argument
tick(1)

// --- what send gives
expectType<ReturnType<typeof sent>, number>()
function sent() {
  return send(add(1, 2))
}
expectType<ReturnType<typeof sentText>, string>()
function sentText() {
  return send(greet('Ada'))
}
expectType<ReturnType<typeof sentVoid>, void>()
function sentVoid() {
  return send(log('x'))
}
expectType<ReturnType<typeof sentMany>, [number, number]>()
function sentMany() {
  return send(divide(7, 2))
}
expectType<ReturnType<typeof sentMaybe>, string | undefined>()
function sentMaybe() {
  return send(find(1))
}
export function wrongSends(): void {
  // @ts-expect-error the second term is missing
  send(add(1))
  // @ts-expect-error both terms are missing
  send(add())
  // @ts-expect-error the task has to be called
  send(add)
  // @ts-expect-error a text is no work
  send('add')
}
expectType<Ready<typeof half>, ArgumentsMissing<[b: number]>>()
expectType<Ready<typeof add>, CallTheTaskFirst>()

// --- results
// @ts-expect-error one result is returned as it is
results(1)
// @ts-expect-error none is undefined
results()
// An object that merely has `values` is one result.
const table = task('table', () => ({ values: [1, 2] }))
expectType<ReturnType<typeof sentTable>, { values: number[] }>()
function sentTable() {
  return send(table())
}

// --- send options
const late = add(1, 2).with({
  delayMs: 5_000,
  retryCount: 3,
  routingKey: 'critical',
  headers: { tenant: 'a' },
})
expectType<typeof late, Signature<[], number, [number]>>()
const silent = add(1, 2).with({ immutable: true })
expectType<typeof silent, Signature<[], number, []>>()
add(1, 2).with({
  retry: { kind: 'fixed', delayMs: 100 },
  eta: new Date(),
  onSuccess: [sum()],
  onError: [report()],
})
// @ts-expect-error an option of that name does not exist
add(1, 2).with({ delayMS: 5_000 })
// @ts-expect-error a count is a number
add(1, 2).with({ retryCount: '3' })
// @ts-expect-error header values are texts
add(1, 2).with({ headers: { tenant: 1 } })
// @ts-expect-error a function cannot travel
add(1, 2).with({ retry: () => 5 })
// @ts-expect-error log takes a text, add passes a number
add(1, 2).with({ onSuccess: [log()] })
// @ts-expect-error log still needs its text
tick().with({ onSuccess: [log()] })
// @ts-expect-error an error callback takes the error text
add(1, 2).with({ onError: [add(1)] })
// @ts-expect-error the callback has to be called
add(1, 2).with({ onSuccess: [sum] })

add(1, 2).with({ immutable: true, onSuccess: [tick(), sum()] })
// @ts-expect-error nothing is passed on, so log lacks its text
greet('Ada').with({ immutable: true, onSuccess: [log()] })
const quiet = greet('Ada').with({ immutable: true })
// @ts-expect-error nor later
quiet.with({ onSuccess: [log()] })
quiet.with({ immutable: false, onSuccess: [log()] })
declare const perhaps: boolean
// @ts-expect-error perhaps nothing is passed on
greet('Ada').with({ immutable: perhaps, onSuccess: [log()] })
const optional = task('optional', (text?: string) => text)
greet('Ada').with({ immutable: perhaps, onSuccess: [optional()] })

// --- task options
task('slow', () => 1, { retryCount: 3, softLimitMs: 1_000, retry: 'fibonacci', queue: 'slow' })
// @ts-expect-error an option of that name does not exist
task('slow', () => 1, { softLimit: 1_000 })
// @ts-expect-error a queue is a text
task('slow', () => 1, { queue: 7 })

// --- schemas: senders give the input, the handler gets the output
declare const dated: StandardSchema<readonly [at: string], [at: Date]>
const remind = task('remind', (at) => at.getTime(), { schema: dated })
remind('2026-01-01')
// @ts-expect-error senders give a text
remind(new Date())
// @ts-expect-error the handler gets a Date
task('remind', (at: string) => at, { schema: dated })

// --- contracts
expectType<ReturnType<typeof sentContract>, number>()
function sentContract() {
  return send(addAll(1, 2, 3))
}
expectType<ReturnType<typeof sentSplit>, string[]>()
function sentSplit() {
  return send(split('a,b', 1))
}
expectType<ReturnType<typeof sentCheck>, [boolean, string]>()
function sentCheck() {
  return send(check('x'))
}
addAll.implement((...terms) => terms.reduce((a, b) => a + b, 0))
addAll.implement(async () => 1)
check.implement((text) => results(text === '', text))
notify.implement(() => {})
contract('any', { args: [json] }).implement((value: unknown) => void value)
// @ts-expect-error the terms are numbers
addAll('1')
// @ts-expect-error split takes two arguments
split('a', 1, 2)
// @ts-expect-error the result is a number
addAll.implement(() => 'x')
// @ts-expect-error the parameter is a text
notify.implement((n: number) => void n)
// @ts-expect-error two results are declared
check.implement(() => true)
// @ts-expect-error the first result is a boolean
check.implement(() => results('x', 'y'))
// @ts-expect-error a name is no type
contract('x', { args: ['int64'] })
// @ts-expect-error one result is declared as it is
contract('x', { args: [], returns: [int64] })
// @ts-expect-error args are needed
contract('x', { rest: string })

// --- built by hand
expectType<ReturnType<typeof sentByHand>, unknown>()
function sentByHand() {
  return send(signature('foreign', [1, typed('int32', 2)]))
}
expectType<ReturnType<typeof sentKnown>, number>()
function sentKnown() {
  return send(signature<number>('foreign', [1], { priority: 3 }))
}
// @ts-expect-error an option of that name does not exist
signature('foreign', [], { prio: 3 })
// @ts-expect-error arguments are an array
signature('foreign', 1)
