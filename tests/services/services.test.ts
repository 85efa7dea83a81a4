import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { describe, expect, it } from 'vitest'

import { isAlive, service } from '../support/service-process.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'

/** One command in Redis' inline form, and the first line of the answer. */
async function ask(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(`${command}\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString().split('\r\n')[0] ?? ''
}

await describeService('redis', (redis) => {
  it('answers on its URL', async () => {
    expect(await ask(redis.url, 'PING')).toBe('+PONG')
  })

  it('gives each test a namespace of its own', async () => {
    expect(redis.namespace()).toMatch(/^t_[0-9a-f]{12}$/)
    expect(await ask(redis.url, `SETNX ${redis.namespace()} 1`)).toBe(':1')
  })

  it('gives another test another one', async () => {
    expect(await ask(redis.url, `SETNX ${redis.namespace()} 1`)).toBe(':1')
  })
})

describe('a server of the tests', () => {
  it('is gone after stop, however often it is called', async () => {
    const redis = await service('redis')
    const pid = redis.pid ?? 0
    expect(isAlive(pid)).toBe(true)
    await Promise.all([redis.stop(), redis.stop()])
    await redis.stop()
    expect(isAlive(pid)).toBe(false)
  })

  it('is gone after its owner was killed', async () => {
    const owner = spawn(process.execPath, [join(import.meta.dirname, 'service-owner.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string]
    const { pid, url } = JSON.parse(line) as { pid: number; url: string }
    expect(await ask(url, 'PING')).toBe('+PONG')
    owner.kill('SIGKILL')
    await waitFor(() => !isAlive(pid), { timeoutMs: 5_000, what: 'the end of the orphaned server' })
  })
})
