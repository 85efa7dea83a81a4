import { isDeepStrictEqual } from 'node:util'

import type { ConfigPath } from './config-key.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { describedValue, valueAt } from './describe-config.ts'
import type { MachineryConfig } from './machinery-config.ts'

/** One key that has another value than before; both as they may be shown. */
export interface KeyChange {
  readonly key: ConfigPath
  readonly from: string
  readonly to: string
  /** Whether it counts only after a restart: all but concurrency, log level and limits. */
  readonly needsRestart: boolean
}

/** The keys whose values differ. Port objects are not compared: a module makes new ones each time. */
export function configChanges(from: MachineryConfig, to: MachineryConfig): readonly KeyChange[] {
  return CONFIG_KEYS.flatMap(({ path, kind, isLive }) => {
    const [before, after] = [valueAt(from, path), valueAt(to, path)]
    const arePorts = kind.shown === 'url' && isObject(before) && isObject(after)
    if (arePorts || isDeepStrictEqual(before, after)) return []
    return [
      {
        key: path,
        from: describedValue(from, path),
        to: describedValue(to, path),
        needsRestart: isLive !== true,
      },
    ]
  })
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
