import { add, chain, chord, greet, group, send, sum } from './sample-tasks.ts'

// What large typed workflows cost the compiler; tests/unit/task/type-budget.test.ts holds it to a limit.
const a = add(1, 1)
const g = greet('Ada', 'Countess')
const s = sum()

/** Never called. */
export function chainOf50(): number {
  // oxfmt-ignore
  return send(
    chain(
      a,
      s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s,
      s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s,
      s, s, s, s, s, s, s, s, s,
    ),
  )
}

/** Never called. */
export function chordOf1000(): number {
  // oxfmt-ignore
  return send(chord(
    [
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
      a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
    ],
    sum(),
  ))
}

/** Never called. */
export function groupOf1000(): string | number {
  // oxfmt-ignore
  const all = send(group(
    [
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
      a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g, a, g,
    ],
  ))
  return all[999]
}
