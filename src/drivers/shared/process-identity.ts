import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** What tells a process from all others, on this machine and since its last start. */
export interface ProcessIdentity {
  /** Names the machine, its start and the space of process ids: processes of one host can see each other. */
  readonly host: string
  readonly pid: number
  /** When the process started, in a unit of the system; empty where it cannot be read. */
  readonly startedAt: string
}

const read = <T>(get: () => T): T | undefined => {
  try {
    return get()
  } catch {
    return undefined
  }
}

/** State letter and start time of a process; undefined where `/proc` does not tell (proc(5)). */
function processStat(pid: number): { readonly state: string; readonly startedAt: string } | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The name of the program, in parentheses, may contain anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startedAt] = [fields?.[0], fields?.[19]]
  return state === undefined || startedAt === undefined ? undefined : { state, startedAt }
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  // Containers of one machine share its boot id, but not its process ids.
  const bootId = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const pidSpace = read(() => readlinkSync('/proc/self/ns/pid'))
  const host =
    bootId !== undefined && pidSpace !== undefined
      ? `${bootId} ${pidSpace}`
      : `${process.platform} ${hostname()}`
  return { host, pid: process.pid, startedAt: processStat(process.pid)?.startedAt ?? '' }
}

/** Whether `other` certainly ended; false for processes that cannot be seen from here. */
export function isDead(other: ProcessIdentity, own: ProcessIdentity): boolean {
  if (other.host !== own.host) return false
  try {
    process.kill(other.pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
  const stat = processStat(other.pid)
  if (stat === undefined) return false
  return (
    stat.state === 'Z' || stat.state === 'X' || (other.startedAt !== '' && stat.startedAt !== other.startedAt)
  )
}
