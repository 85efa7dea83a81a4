import { createHash } from 'node:crypto'

import { LUA, type LuaSource, type LuaSources } from './generated/lua-sources.ts'

/** Name of a script of the driver. */
export type ScriptName = keyof LuaSources

/** A script as one server takes it. */
export interface RedisScript {
  readonly text: string
  /** What the server knows it by. */
  readonly digest: string
}

/** The scripts for a server. @param hasFlags whether it knows flags in the first line (Redis 7) */
export function redisScripts(hasFlags: boolean): Readonly<Record<ScriptName, RedisScript>> {
  const made = (Object.entries(LUA) as [string, LuaSource][]).map(([name, { text: body, allowOom }]) => {
    const text = hasFlags && allowOom ? `#!lua flags=allow-oom\n${body}` : body
    return [name, { text, digest: createHash('sha1').update(text).digest('hex') }]
  })
  return Object.fromEntries(made) as Record<ScriptName, RedisScript>
}
