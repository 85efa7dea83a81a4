import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'

/** Where figures come from: without it they mean nothing. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  /** Type number of the file system of the sqlite files (statfs(2)). */
  readonly fileSystem: string
  readonly commit: string
  /** Load of the last minute, before the run: above 1, somebody else was working too. */
  readonly load: number
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    fileSystem: `0x${statfsSync(tmpdir()).type.toString(16)}`,
    commit: commit(),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}

/** One line for people. */
export function machineLine(it: Machine): string {
  return (
    `${it.cpu}, ${it.cores} cores, ${it.memoryGb} GB, ${it.system}, Node ${it.node}, ` +
    `file system ${it.fileSystem}, commit ${it.commit}, load ${it.load}`
  )
}

/** The commit, marked when the working tree differs from it. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no').trim() !== ''
    return git('rev-parse', '--short', 'HEAD').trim() + (changed ? ' with changes' : '')
  } catch {
    return 'unknown'
  }
}
