import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { LUA, type LuaSources } from '../src/drivers/redis/generated/lua-sources.ts'
import { ROOT } from './step-runner.ts'

const DRIVER = join(ROOT, 'src/drivers/redis')

/** Sent by the library by itself: when it connects, and to see whether it is still connected. */
const OF_THE_LIBRARY = ['hello', 'info', 'ping', 'select', 'subscribe', 'unsubscribe'] as const
/** How scripts are run. */
const OF_SCRIPTS = ['eval', 'evalsha'] as const

/** All commands that the driver sends, or calls in its scripts, in lower case; `client|id` for one with a part. */
export function driverCommands(): ReadonlySet<string> {
  const scripts = (Object.keys(LUA) as (keyof LuaSources)[]).flatMap((name) => [...scriptCommands(name)])
  const files = readdirSync(DRIVER).filter((name) => name.endsWith('.ts'))
  const direct = files.flatMap((name) => [...directCommands(name)])
  return new Set([...OF_THE_LIBRARY, ...OF_SCRIPTS, ...scripts, ...direct])
}

/** Scripts of which a server that only sends needs some. */
const PRODUCER_SCRIPTS = ['groupInit', 'pending', 'post', 'send'] as const
/** Files with the commands that it sends besides. */
const PRODUCER_FILES = [
  'redis-connection.ts',
  'redis-durability.ts',
  'redis-publish.ts',
  'redis-subscriber.ts',
] as const

/** As `driverCommands`, of servers that only send, and wait for results. */
export function producerCommands(): ReadonlySet<string> {
  // States are read in a file whose other commands are those of workers.
  return new Set([...partCommands(PRODUCER_SCRIPTS, PRODUCER_FILES), 'mget'])
}

/** As `driverCommands`, of a part of the driver: some scripts, and some of its files. */
function partCommands(scripts: readonly (keyof LuaSources)[], files: readonly string[]): ReadonlySet<string> {
  const inScripts = scripts.flatMap((name) => [...scriptCommands(name)])
  const direct = files.flatMap((name) => [...directCommands(name)])
  return new Set([...OF_THE_LIBRARY, ...OF_SCRIPTS, ...inScripts, ...direct])
}

/** Commands that a file of the driver sends itself. */
function directCommands(file: string): readonly string[] {
  const text = readFileSync(join(DRIVER, file), 'utf8')
  return [...text.matchAll(/\b(?:command|callBuffer|send|count)\(\s*'(\w+)',?(?:\s*\['(\w+)')?/g)].map(
    ([, name = '', part]) => (name === 'client' ? `client|${part}` : name),
  )
}

/** Commands that one script can call: those of its body, and of the functions that it reaches. */
function scriptCommands(name: keyof LuaSources): readonly string[] {
  const { text } = LUA[name]
  const functions = new Map<string, string>()
  const body = text.replaceAll(
    /^local function (\w+)\(.*\n(?:(?!end$).*\n)*end$/gm,
    (source, called: string) => {
      functions.set(called, source)
      return ''
    },
  )
  const open = [body]
  const commands = new Set<string>()
  for (let source = open.pop(); source !== undefined; source = open.pop()) {
    const calls = source.match(/redis\.p?call\(/g)?.length ?? 0
    const named = [...source.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, command = '']) => command)
    if (named.length < calls) throw new Error(`${name} calls a command whose name is not written there`)
    for (const command of named) commands.add(command.toLowerCase())
    for (const [called, definition] of functions) {
      if (!new RegExp(`\\b${called}\\b`).test(source)) continue
      functions.delete(called)
      open.push(definition)
    }
  }
  return [...commands]
}
