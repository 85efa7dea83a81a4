import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { ROOT } from '../../../scripts/step-runner.ts'
import { namespace } from '../../support/namespace.ts'
import { countNested } from '../../support/nested-vitest.ts'
import { SERVICES } from '../../support/service-definitions.ts'
import { findService, startService } from '../../support/service-process.ts'

const nowhere = { ...SERVICES.redis, urlVariable: 'NO_SUCH_URL', program: 'no-such-server' }

function setVariable(name: string, value: string): void {
  process.env[name] = value
  onTestFinished(() => void Reflect.deleteProperty(process.env, name))
}

describe('services', () => {
  it('takes the URL of the environment before anything else', async () => {
    setVariable('NO_SUCH_URL', 'redis://elsewhere:6379')
    const source = await findService(nowhere)
    expect(source).toEqual({ kind: 'url', url: 'redis://elsewhere:6379' })
    const service = await startService(nowhere, source)
    expect(service.url).toBe('redis://elsewhere:6379')
    await service.stop()
  })

  it('says what a server printed that does not start', async () => {
    const broken = {
      ...nowhere,
      launch: () => ({ command: ['sh', '-c', 'echo no room >&2; exit 3'] as const }),
    }
    const started = startService(broken, { kind: 'program', program: 'sh' })
    await expect(started).rejects.toThrow(/did not start: Error: it ended by itself\nno room/)
  })

  it('gives each test of each file its own namespace, the same in every run', () => {
    const names = [namespace('a.test.ts', 'x'), namespace('a.test.ts', 'y'), namespace('b.test.ts', 'x')]
    expect(new Set(names).size).toBe(3)
    expect(namespace('a.test.ts', 'x')).toBe(names[0])
  })
})

describe('a suite whose server is absent', () => {
  const services = join(ROOT, 'tests/support/services.ts')
  const code = `
import { it } from 'vitest'
import { describeSource } from ${JSON.stringify(services)}
describeSource('redis', { kind: 'absent', reason: 'there is none' }, () => it('x', () => {}))`

  it('is one skipped test', async () => {
    expect(await countNested(code, { CI: '' })).toEqual({ passed: 0, failed: 0, skipped: 1 })
  }, 60_000)

  it('is a failure in CI', async () => {
    expect(await countNested(code, { CI: 'true' })).toEqual({ passed: 0, failed: 1, skipped: 0 })
  }, 60_000)
})
