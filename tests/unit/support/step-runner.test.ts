import { describe, expect, it } from 'vitest'

import { stepRunner, type Step } from '../../../scripts/step-runner.ts'
import { isAlive } from '../../support/service-process.ts'
import { waitFor } from '../../support/wait-for.ts'

function shell(name: string, script: string): Step {
  return { name, command: ['sh', '-c', script] }
}

function collector(): { readonly write: (text: string) => void; readonly text: () => string } {
  const written: string[] = []
  return { write: (text) => void written.push(text), text: () => written.join('') }
}

describe('step runner', () => {
  it('tells what passed, what failed and what could not start, in order', async () => {
    const { write, text } = collector()
    using runner = stepRunner({ budgetMs: 60_000, write })
    const steps: readonly Step[] = [
      shell('good', 'echo hidden; sleep 0.1'),
      shell('bad', 'echo shown; exit 3'),
      { name: 'missing', command: ['no-such-program'] },
    ]
    const results = await runner.runAll(steps, 2)
    expect(results.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['good', 'passed'],
      ['bad', 'failed'],
      ['missing', 'failed'],
    ])
    expect(text()).toMatch(/✓ good \d+\.\d s/)
    expect(text()).toMatch(/shown\n✗ bad \d+\.\d s/)
    expect(text()).not.toContain('hidden')
  })

  it('shows live output as it comes', async () => {
    const { write, text } = collector()
    using runner = stepRunner({ budgetMs: 60_000, write })
    const running = runner.run({ ...shell('live', 'echo first; read line; exit 0'), live: true })
    await waitFor(() => text().includes('first'), { timeoutMs: 5_000, what: 'the first line' })
    await running
  })

  it('kills what runs when the budget is over, grandchildren included, and starts nothing more', async () => {
    const { write, text } = collector()
    using runner = stepRunner({ budgetMs: 300, write })
    const results = await runner.runAll(
      [shell('endless', 'sleep 1000 & echo $!; wait'), shell('later', 'exit 0')],
      1,
    )
    expect(results.map(({ outcome }) => outcome)).toEqual(['cut', 'cut'])
    expect(runner.overBudget).toBe(true)
    expect(text()).toContain('Budget exceeded: 0.3 s are over and these steps still ran: endless. Killed.')
    const grandchild = Number(/^\d+$/m.exec(text())?.[0])
    await waitFor(() => !isAlive(grandchild), { timeoutMs: 5_000, what: 'the end of the grandchild' })
  })
})
