import { describe, expect, it } from 'vitest'

import { faultOptions, parseFaultOptions, usage } from './fault-options.ts'
import { startDisturber } from './disturber.ts'

const TARGETS = ['redis', 'sqlite']

describe('the command line of the fault harness', () => {
  it('reads the flags, and fills in the rest', () => {
    const args = ['redis', '--tasks', '100', '--kills=3', '--redis-kills', '30', '--handler-ms', '0']
    expect(parseFaultOptions(args, TARGETS)).toEqual(
      faultOptions('redis', { tasks: 100, kills: 3, handlerMs: 0, disturbances: { 'redis-kills': 30 } }),
    )
  })

  it('answers help, which names all flags and targets', () => {
    expect(parseFaultOptions(['--help'], TARGETS)).toBe('help')
    const text = usage(TARGETS)
    for (const word of ['redis, sqlite', '--tasks 20000', '--redis-kills 0', '--freeze-ms 30000'])
      expect(text).toContain(word)
  })

  it.each([
    [['redis', '--kils', '3'], '--kils is no flag; --tasks, '],
    [['redis', '--kills', '-3'], '--kills is "-3"; a whole number from 0 is right'],
    [['redis', '--kills', '0x10'], '--kills is "0x10"; a whole number from 0 is right'],
    [['redis', '--kills'], '--kills is ""; a whole number from 0 is right'],
    [['redis', '--workers', '0'], '--workers is "0"; a whole number from 1 is right'],
    [['redis', '--kills', '1', '--kills', '2'], '--kills is there twice; once is right'],
    [['rdis'], 'the target is "rdis"; one of redis, sqlite is right'],
    [[], 'the target is ""; one of redis, sqlite is right'],
    [['redis', 'sqlite'], 'the target is "redis sqlite"; one of redis, sqlite is right'],
  ])('refuses %j', (args, text) => {
    expect(() => parseFaultOptions(args, TARGETS)).toThrow(text)
  })

  it('refuses what the target cannot do', () => {
    const options = faultOptions('sqlite', { disturbances: { cuts: 3 } })
    expect(() => startDisturber(options, {}, () => Promise.resolve())).toThrow(
      '--cuts is 3; the target sqlite has no such flag',
    )
    const cut = { run: () => Promise.resolve(), resumeWithinMs: undefined, mayEndLeases: false }
    const wrong = faultOptions('redis', { disturbances: { failovers: 1 } })
    expect(() => startDisturber(wrong, { cuts: cut }, () => Promise.resolve())).toThrow(
      '--failovers is 1; the target redis has --cuts',
    )
  })
})
