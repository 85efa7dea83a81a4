import type { CallTheTaskFirst, GroupCannotFollowGroup, OutOf, StepDoesNotFit } from '../../src/task/index.ts'
import { signature } from '../../src/task/index.ts'
import type { BothMany, Fit } from '../../src/workflow/workflow-types.ts'
import {
  add,
  addAll,
  chain,
  check,
  chord,
  divide,
  find,
  greet,
  group,
  log,
  pad,
  send,
  split,
  sum,
  tick,
} from './sample-tasks.ts'
import { expectType } from './expect-type.ts'

/** Never called: only its types are looked at. */
export function chains(): void {
  expectType<ReturnType<typeof send<ReturnType<typeof threeSums>>>, number>()
  chain(add(1, 1), add(5))
  chain(greet('Ada'), log())
  chain(log('x'), tick())
  chain(divide(7, 2), add())
  chain(add(1, 1).with({ immutable: true }), add(1, 1))
  chain(find(1), greet('Ada'))
  chain(addAll(1), split('a,b'))
  chain(check('x'), task2())
  chain(signature<number>('foreign'), add(1))
  chain(add(1, 1), signature('foreign'))
  chain(chain(add(1, 1), sum()), sum(), chain(sum(), sum()))
  chain(...sums)
  // @ts-expect-error each takes what any of them passes
  chain(...texts)
  // @ts-expect-error greet takes a text
  chain(add(1, 1), greet())
  // @ts-expect-error add needs two numbers and gets one
  chain(add(1, 1), add())
  // @ts-expect-error add has both already and gets a third
  chain(add(1, 1), add(1, 1))
  // @ts-expect-error two results are too many for one parameter
  chain(divide(7, 2), add(1))
  // @ts-expect-error log passes nothing
  chain(log('x'), greet())
  // @ts-expect-error an immutable step passes nothing
  chain(add(1, 1).with({ immutable: true }), add(1))
  // @ts-expect-error perhaps there is no result
  chain(find(1), pad())
  // @ts-expect-error the task has to be called
  chain(add(1, 1), sum)
  // @ts-expect-error split wants text and number, check passes boolean and text
  chain(check('x'), split())
  // @ts-expect-error the seam is inside the nested chain
  chain(add(1, 1), chain(sum(), greet()))
  // @ts-expect-error the nested chain begins with a text
  chain(add(1, 1), chain(greet(), log()))
  // @ts-expect-error the first step still needs an argument
  send(chain(add(1), sum()))
  // @ts-expect-error an unknown result fits no typed parameter
  chain(signature('foreign'), add(1))
}

declare const sums: ReturnType<typeof sum<[]>>[]
declare const texts: ReturnType<typeof add<[]>>[]

function task2() {
  return signature('any', [])
}

function threeSums() {
  return chain(add(1, 1), add(5), sum(4))
}

/** Never called. */
export function groupsAndChords(): void {
  const both = group([add(1, 1), greet('Ada')])
  expectType<OutOf<typeof both>, [number, string]>()
  expectType<ReturnType<typeof sentGroup>, [number, string]>()
  chord([add(1, 1), add(5, 5)], sum())
  chord([add(1, 1), greet('Ada')], signature('any'))
  chord([divide(7, 2), add(1, 1)], sum())
  chord([tick(), tick()], tick())
  chord(
    [1, 2, 3].map((n) => add(n, n)),
    sum(),
  )
  chain(chord([add(1, 1), add(5, 5)], sum()), sum(1))
  chain(add(1, 1), group([sum(1), sum(2)]), sum())
  chord([chain(add(1, 1), sum()), sum(1)], add())
  // @ts-expect-error sum takes numbers, the group passes a text too
  chord([add(1, 1), greet('Ada')], sum())
  // @ts-expect-error three results for two parameters
  chord([add(1, 1), add(2, 2), add(3, 3)], add())
  // @ts-expect-error the callback has to be called
  chord([add(1, 1)], sum)
  // @ts-expect-error a member has to be called
  group([add(1, 1), sum])
  // @ts-expect-error a member still needs an argument
  send(group([add(1), add(1, 1)]))
  // @ts-expect-error a group cannot follow a group
  chain(group([add(1, 1)]), group([sum(1)]))
  // @ts-expect-error nor the callback of a chord
  chord([add(1, 1)], group([sum(1)]))
  // @ts-expect-error nor hidden in chains
  chain(chain(sum(1), group([sum(1)])), chain(group([sum(1)]), sum()))
  // @ts-expect-error a chord begins with a group
  chain(group([sum(1)]), chord([sum(1)], sum()))
  // @ts-expect-error each member gets the number
  chain(add(1, 1), group([sum(1), greet()]))
}

function sentGroup() {
  return send(group([add(1, 1), greet('Ada')]))
}

// --- the names that the compiler prints
const greeting = greet()
const someGroup = group([sum(1)])
expectType<
  Fit<[number], unknown, typeof greeting>,
  StepDoesNotFit<{ passed: [number]; takes: [name: string, title?: string | undefined] }>
>()
expectType<Fit<[number], unknown, typeof sum>, CallTheTaskFirst>()
expectType<Fit<number[], BothMany, typeof someGroup>, GroupCannotFollowGroup>()
