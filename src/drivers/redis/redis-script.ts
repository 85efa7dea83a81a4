import { createHash } from 'node:crypto'

import { LUA, type LuaSource, type LuaSources } from './generated/lua-sources.ts'

/** The first version that knows flags of scripts, as in `ServerFacts`. */
export const FLAGS_VERSION = 700

/** Name of a script of the driver. */
export type ScriptName = keyof LuaSources

/** A script as one server takes it. */
export interface RedisScript {
  readonly text: string
  /** What the server knows it by. */
  readonly digest: string
}

/**
 * Before Redis 7, a server that is full refuses a script's first write if that may need memory, and none after it. So this one
 * comes first: it changes nothing, whatever the key holds, and needs nothing.
 */
const FIRST_WRITE = "redis.pcall('ZREMRANGEBYRANK', KEYS[1], 1, 0)"

/** The text of a script as one server takes it. @param hasFlags whether it knows flags in the first line (Redis 7) */
export function scriptText(name: ScriptName, hasFlags: boolean): string {
  const { text, allowOom }: LuaSource = LUA[name]
  if (!allowOom) return text
  return `${hasFlags ? '#!lua flags=allow-oom' : FIRST_WRITE}\n${text}`
}

/** The scripts for a server. @param hasFlags as in `scriptText` */
export function redisScripts(hasFlags: boolean): Readonly<Record<ScriptName, RedisScript>> {
  const made = (Object.keys(LUA) as ScriptName[]).map((name) => {
    const text = scriptText(name, hasFlags)
    return [name, { text, digest: createHash('sha1').update(text).digest('hex') }]
  })
  return Object.fromEntries(made) as Record<ScriptName, RedisScript>
}
