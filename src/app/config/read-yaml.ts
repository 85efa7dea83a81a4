import { configError, unknownName } from './config-error.ts'
import type { ConfigKey } from './config-key.ts'
import { splitName } from './config-key.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { settingOf, type Setting, type Settings } from './settings.ts'
import { isMap } from './value-kinds.ts'
import { YamlScalar } from './yaml-scalar.ts'

const KEY_BY_NAME: ReadonlyMap<string, ConfigKey> = new Map(
  CONFIG_KEYS.flatMap((key) => key.yaml.map((name) => [name, key] as const)),
)
const NAMES = [...KEY_BY_NAME.keys()]
const SECTIONS = new Set(NAMES.map((name) => splitName(name).section))

/**
 * The settings of a YAML file, Go's or one with our keys besides.
 * @param place names the file in errors
 * @throws `ERR_OPTION_INVALID` when it is no YAML, or names an unknown key or a value that is not allowed. Nothing of the text
 * is shown but the name and the value it is about.
 */
export async function readYaml(text: string, place: string): Promise<Settings> {
  const { content, namesInBraces } = await parsed(text, place)
  const settings = new Map<ConfigKey['path'], Setting>()
  for (const [name, node] of named(content, place)) {
    const key = KEY_BY_NAME.get(name)
    if (key === undefined)
      throw unknownName(
        place,
        name,
        NAMES,
        namesInBraces.has(splitName(name).name) || namesInBraces.has(name),
      )
    if (node instanceof YamlScalar && node.isNull) continue
    const setting = settingOf(place, name, key, node, 'fromYaml')
    const other = settings.get(key.path)
    if (other !== undefined && JSON.stringify(other.value) !== JSON.stringify(setting.value)) {
      throw configError(`${place}: ${other.name} and ${name} differ; one of them is right`, name)
    }
    settings.set(key.path, setting)
  }
  return settings
}

/** Names with their nodes, those of a section with its name in front. */
function* named(content: Content, place: string): Generator<[string, unknown]> {
  for (const [name, node] of Object.entries(content)) {
    if (!SECTIONS.has(name) || KEY_BY_NAME.has(name)) yield [name, node]
    else if (isMap(node)) for (const [inner, value] of Object.entries(node)) yield [`${name}.${inner}`, value]
    else if (!(node instanceof YamlScalar && node.isNull))
      throw configError(`${place}: ${name} holds no keys; a map of keys is right`, name)
  }
}

type Content = Readonly<Record<string, unknown>>

interface Parsed {
  readonly content: Content
  readonly namesInBraces: ReadonlySet<unknown>
}

async function parsed(text: string, place: string): Promise<Parsed> {
  const { isScalar, LineCounter, parseDocument, visit } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { version: '1.1', merge: true, prettyErrors: false, lineCounter })
  const [error] = document.errors
  if (error !== undefined) {
    // Its message may quote the text, and with it a password.
    const { line, col } = lineCounter.linePos(error.pos[0])
    const what = error.code.toLowerCase().replaceAll('_', ' ')
    throw configError(`${place}: Unmarshal YAML error: ${what} at line ${line}, column ${col}`)
  }
  const namesInBraces = new Set<unknown>()
  visit(document, {
    Map: (_, { flow, items }) => {
      if (flow === true)
        for (const { key } of items) namesInBraces.add(isScalar(key) ? (key.source ?? '') : String(key))
    },
    Scalar: (key, node) => {
      const source = node.source ?? ''
      if (key === 'key') node.value = source
      else node.value = new YamlScalar(source, node.type === 'PLAIN')
    },
  })
  const content = contentOf(() => document.toJS() as unknown, place)
  if (content === null || isMap(content)) return { content: content ?? {}, namesInBraces }
  throw configError(`${place}: Unmarshal YAML error: it holds no keys; lines such as "broker: …" are right`)
}

function contentOf(read: () => unknown, place: string): unknown {
  try {
    return read()
  } catch {
    throw configError(`${place}: Unmarshal YAML error: an alias without its anchor, or too many of them`)
  }
}
