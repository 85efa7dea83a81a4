import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Source } from '../support/service-process.ts'

const run = promisify(execFile)

const SOURCES = join(import.meta.dirname, 'go')
const BINARIES = join(import.meta.dirname, '../../node_modules/.cache/machinery-interop')
const LEAST_MINOR = 22
/** The name of the binary; a periodic task of Go has it in the key of its lock. */
export const PROGRAM_NAME = 'interop'
/** Downloads of modules included. */
export const BUILD_WITHIN_MS = 600_000

/** Go, or why there is none; `absent` also for one that is too old. */
export async function findGo(): Promise<Source> {
  try {
    const { stdout } = await run('go', ['env', 'GOVERSION'], { env: buildEnvironment() })
    const minor = Number(/^go1\.(\d+)/.exec(stdout)?.[1])
    if (minor >= LEAST_MINOR) return { kind: 'program', program: 'go' }
    return { kind: 'absent', reason: `go is ${stdout.trim()}; 1.${LEAST_MINOR} or later is right` }
  } catch {
    return { kind: 'absent', reason: 'go is not on the PATH' }
  }
}

/**
 * Builds the program, unless the same sources were built before. Answers its path.
 * @throws Error with what the compiler printed
 */
export async function buildGoProgram(): Promise<string> {
  const binary = join(BINARIES, await hashOfSources(), PROGRAM_NAME)
  if (await exists(binary)) return binary
  const made = `${binary}-${process.pid}`
  await mkdir(join(binary, '..'), { recursive: true })
  await run('go', ['build', '-buildvcs=false', '-trimpath', '-o', made, '.'], {
    cwd: SOURCES,
    env: buildEnvironment(),
    timeout: BUILD_WITHIN_MS,
  })
  // Whoever builds at the same time finds the whole file or none.
  await rename(made, binary)
  return binary
}

/** The Go that is there is used; none is downloaded. */
function buildEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' }
}

async function hashOfSources(): Promise<string> {
  const { stdout: version } = await run('go', ['version'], { env: buildEnvironment() })
  const hash = createHash('sha256').update(version)
  for (const name of (await readdir(SOURCES)).toSorted()) {
    hash
      .update(name)
      .update('\0')
      .update(await readFile(join(SOURCES, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
