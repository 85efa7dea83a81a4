import { array, bool, int64, string } from '../../src/core/arg-types/index.ts'
import { contract, results, task } from '../../src/task/index.ts'
import type { Ready, ResultOf } from '../../src/task/index.ts'

export const add = task('add', (a: number, b: number) => a + b)
export const sum = task('sum', (...terms: number[]) => terms.reduce((a, b) => a + b, 0))
export const greet = task('greet', async (name: string, title?: string) => `${title ?? ''} ${name}`)
export const log = task('log', (text: string): void => void text)
export const tick = task('tick', () => {})
export const divide = task('divide', (a: number, b: number) => results(a / b, a % b))
export const find = task('find', (id: number): string | undefined => (id > 0 ? 'x' : undefined))
export const report = task('report', (error: string) => error.length)
export const pad = task('pad', (text: string, width: number) => text.padEnd(width))

export const addAll = contract('add', { args: [], rest: int64, returns: int64 })
export const split = contract('split', { args: [string, int64], returns: array(string) })
export const check = contract('check', { args: [string], returns: [bool, string] })
export const notify = contract('notify', { args: [string] })

export { chain } from '../../src/workflow/chain.ts'
export { chord } from '../../src/workflow/chord.ts'
export { group } from '../../src/workflow/group.ts'
/** As a server's `send`: what `get()` will give. */
export declare function send<const S>(work: Ready<S>): ResultOf<S>
