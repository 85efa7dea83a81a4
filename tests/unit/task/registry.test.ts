import { describe, expect, it } from 'vitest'
import { contract, createRegistry, definitionOf, task, type AnyTask } from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

const add = task('add', (a: number, b: number) => a + b)
const log = task('log', () => {})

describe('registry', () => {
  it('finds registered tasks by name', () => {
    const registry = createRegistry()
    expect(registry.names()).toEqual([])
    registry.register([log, add])
    expect(registry.get('add')).toBe(definitionOf(add))
    expect(registry.get('add')?.handler(1, 2)).toBe(3)
    expect(registry.get('bogus')).toBeUndefined()
    expect(registry.get('constructor')).toBeUndefined()
    expect(registry.names()).toEqual(['log', 'add'])
  })

  it('takes the same handle again', () => {
    const registry = createRegistry()
    registry.register([add, add])
    registry.register([add])
    expect(registry.names()).toEqual(['add'])
  })

  it('refuses another task of the same name, and then registers nothing', () => {
    const registry = createRegistry()
    registry.register([add])
    const other = task('add', () => 0)
    const error = thrownError(() => registry.register([log, other]))
    expect(error.code).toBe('ERR_TASK_DUPLICATE')
    expect(error.message).toBe('another task is registered as add; a name of its own is right')
    expect(registry.names()).toEqual(['add'])
    expect(registry.get('add')).toBe(definitionOf(add))
    expect(thrownError(() => createRegistry().register([add, other])).code).toBe('ERR_TASK_DUPLICATE')
  })

  it('refuses a contract without handler and takes its implementation', () => {
    const shout = contract('shout', { args: [] })
    const registry = createRegistry()
    const error = thrownError(() => registry.register([shout]))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toBe(
      'contract shout has no handler; the task that its implement() returns is right',
    )
    registry.register([shout.implement(() => {})])
    expect(registry.names()).toEqual(['shout'])
  })

  it('refuses what is not a task', () => {
    const error = thrownError(() => createRegistry().register([(() => {}) as unknown as AnyTask]))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toContain('what task() or contract().implement() returned is right')
  })
})
