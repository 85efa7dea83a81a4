import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const HEADER = `// Generated from ../scripts/*.lua by \`node scripts/build-lua.ts\`: change those.

/** A Lua script: what the server runs. */
export interface LuaSource {
  readonly text: string
  /** Whether it may write when the server is at its memory limit: it makes room, or moves. */
  readonly allowOom: boolean
}
`

/** The text of the module that holds all scripts of a folder, with what they include and without comments. */
export function luaModule(folder: string): string {
  const parts = luaFiles(join(folder, 'lib')).map(
    ({ name, source }) => `const ${constantOf(name)} = \`${escaped(source)}\`\n`,
  )
  const scripts = luaFiles(folder)
  return `${HEADER}
/** All scripts by the name of their file. */
export interface LuaSources {
${scripts.map(({ name }) => `  readonly ${propertyOf(name)}: LuaSource`).join('\n')}
}

${parts.join('\n')}
export const LUA: LuaSources = {
${scripts.map(property).join('\n')}
}
`
}

interface LuaFile {
  readonly name: string
  readonly source: string
}

function luaFiles(folder: string): readonly LuaFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .toSorted()
    .map((file) => ({ name: basename(file, '.lua'), source: readFileSync(join(folder, file), 'utf8') }))
}

function property({ name, source }: LuaFile): string {
  const included = /^-- include: (.*)$/m.exec(source)?.[1]?.split(', ') ?? []
  const before = included.map((part) => `\${${constantOf(part)}}`).join('')
  const allowOom = /^-- flags: allow-oom$/m.test(source)
  return `  ${propertyOf(name)}: {\n    allowOom: ${allowOom},\n    text: \`${before}${escaped(source)}\`,\n  },`
}

/** `group-init` → `groupInit`. */
function propertyOf(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** `task-state` → `TASK_STATE`. */
function constantOf(name: string): string {
  return name.replaceAll('-', '_').toUpperCase()
}

/** For a template literal, without comments. */
function escaped(source: string): string {
  return source
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('--'))
    .map((line) => `${line}\n`)
    .join('')
    .replaceAll(/[\\`]|\$(?=\{)/g, String.raw`\$&`)
}
