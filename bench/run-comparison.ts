import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'compare')
/** What the comparison calls the place of a group of stores. */
const PLACES: Readonly<Record<string, string>> = { redis: 'redis', embedded: 'disk' }

/**
 * Measures the peers beside this project: they are a package of their own, so that none of them is a dependency. Answers the
 * exit code.
 */
export function runComparison(args: readonly string[]): number {
  const [group = '', ...options] = args.filter((arg) => arg !== '--compare')
  const place = Object.hasOwn(PLACES, group) ? PLACES[group] : undefined
  if (place === undefined) {
    console.error(`--compare measures ${Object.keys(PLACES).join(' or ')}, not "${group}"`)
    return 2
  }
  if (!existsSync(join(FOLDER, 'node_modules'))) {
    console.error('the peers are not installed; this installs them: npm ci --prefix bench/compare')
    return 2
  }
  const run = spawnSync(process.execPath, [join(FOLDER, 'compare.ts'), place, ...options], {
    stdio: 'inherit',
  })
  return run.status ?? 1
}
