import { execFileSync } from 'node:child_process'

/** What a server on this machine answers. @throws when it does not */
export function redisCli(port: number | undefined, ...args: readonly (string | number)[]): string {
  const words = ['-p', String(port), ...args.map(String)]
  return String(execFileSync('redis-cli', words, { stdio: 'pipe' })).trim()
}

/** As `redisCli`; empty while the server cannot be reached. */
export function redisCliOrNothing(port: number | undefined, ...args: readonly (string | number)[]): string {
  try {
    return redisCli(port, ...args)
  } catch {
    return ''
  }
}
