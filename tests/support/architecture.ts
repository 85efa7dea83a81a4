import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

// The rules of the architecture, each a function from facts to complaints, so that a test can show that it complains.

/** A source file: its path from the root, with `/`, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** The parts of package.json that the rules look at. */
export interface PackageJson {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** What a layer may import besides itself. A layer that is not listed here may not exist. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  task: ['core'],
  workflow: ['core', 'task'],
  server: ['core', 'task', 'workflow'],
  worker: ['core', 'task', 'workflow', 'server'],
  periodic: ['core', 'task', 'workflow', 'server'],
  'drivers/shared': ['core'],
  'drivers/*': ['core', 'drivers/shared'],
  testing: ['core', 'drivers/memory'],
  opentelemetry: ['core'],
  app: ['core', 'task', 'workflow', 'server', 'worker', 'periodic', 'drivers/*', 'opentelemetry'],
  'index.ts': ['core', 'task', 'workflow', 'server', 'worker', 'periodic', 'app'],
  dashboard: ['core', 'task', 'workflow', 'server', 'worker', 'periodic', 'app'],
  cli: ['core', 'task', 'workflow', 'server', 'worker', 'periodic', 'app', 'dashboard'],
}

/** Node modules that do nothing but compute. */
const CORE_MODULES = new Set(['node:buffer', 'node:crypto', 'node:util'])

/** Folders whose files load vendor packages; everything else uses Node alone. */
const VENDOR_LAYERS = new Set(['drivers/*', 'testing', 'opentelemetry'])

/** Dependencies of the product, and the layer that may use each. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  app: ['yaml'],
  cli: ['cli-table3', 'commander'],
}

const MAX_LINES = { src: 400, tests: 500 } as const
const MAX_DEPENDENCIES = 3
const BANNED_WORDS = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'manager',
  'base',
  'lib',
  'misc',
])
const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|d))?\.[a-z]+$/
const IMPORT =
  /(?<head>\bimport\s+type\b[^'"]*?\bfrom|\bfrom|\bimport)\s*(?<call>\(?)\s*(['"])(?<specifier>[^'"]+)\3/g
const COMMENT_LINE = /^\s*(\*|\/\*\*|\/\/).*$/gm

/** All TypeScript files below `folder` of the repository at `root`. */
export function sourceFiles(root: string, folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes(`${sep}node_modules${sep}`))
    .map((path) => ({ path: relative(root, path).replaceAll(sep, '/'), text: readFileSync(path, 'utf8') }))
}

/** Imports that point up, sideways between drivers, or out of a layer that must stay pure. */
export function layerProblems(file: SourceFile): readonly string[] {
  const from = areaOf(file.path)
  const allowed = MAY_IMPORT[from.layer]
  if (allowed === undefined) return [`${file.path} is in no layer`]
  const problems: string[] = []
  for (const { groups } of file.text.replaceAll(COMMENT_LINE, '').matchAll(IMPORT)) {
    const specifier = groups?.['specifier'] ?? ''
    const complaint = specifier.startsWith('.')
      ? relativeProblem(file.path, specifier, allowed, isStatic(groups))
      : packageProblem(from.layer, specifier)
    if (complaint !== undefined) problems.push(`${file.path} → ${specifier}: ${complaint}`)
  }
  return problems
}

function isStatic(groups: Readonly<Record<string, string | undefined>> | undefined): boolean {
  return groups?.['call'] === '' && !/^import\s+type\b/.test(groups['head'] ?? '')
}

function relativeProblem(
  path: string,
  specifier: string,
  allowed: readonly string[],
  isStaticImport: boolean,
): string | undefined {
  const from = areaOf(path)
  const to = areaOf(join(dirname(path), specifier).replaceAll(sep, '/'))
  if (from.area === to.area) return undefined
  if (!allowed.includes(to.area) && !allowed.includes(to.layer))
    return `${from.layer} may not import ${to.area}`
  // Memory has no client library, and eager mode runs on it.
  const usesPackages =
    to.layer === 'opentelemetry' || (to.layer === 'drivers/*' && to.area !== 'drivers/memory')
  return from.layer === 'app' && usesPackages && isStaticImport
    ? 'what uses packages is loaded by dynamic import() only'
    : undefined
}

function packageProblem(layer: string, specifier: string): string | undefined {
  if (layer === 'core') return CORE_MODULES.has(specifier) ? undefined : 'core is pure'
  if (specifier.startsWith('node:') || VENDOR_LAYERS.has(layer)) return undefined
  if (PACKAGES[layer]?.includes(specifier) === true) return undefined
  return `${layer} uses no packages`
}

/**
 * `src/drivers/redis/x.ts` → layer `drivers/*`, area `drivers/redis`; `src/drivers/shared/x.ts` is a layer of its own;
 * `src/core/wire/x.ts` → `core`, `core`.
 */
function areaOf(path: string): { readonly layer: string; readonly area: string } {
  const [, layer = '', driver = ''] = path.split('/')
  if (layer !== 'drivers') return { layer, area: layer }
  const area = `drivers/${driver}`
  return { layer: driver === 'shared' ? area : 'drivers/*', area }
}

/** Names of the drivers among the folders of `src/drivers`. */
export function driverNames(folders: readonly string[]): readonly string[] {
  return folders.filter((folder) => folder !== 'shared')
}

/** Files longer than a reader wants: 400 lines in src, 500 in tests. Generated ones are exempt. */
export function lengthProblems(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, text }) => {
    if (path.includes('/generated/')) return []
    const limit = path.startsWith('tests/') ? MAX_LINES.tests : MAX_LINES.src
    const lines = text.trimEnd().split('\n').length
    return lines > limit ? [`${path} has ${lines} lines, at most ${limit} are allowed`] : []
  })
}

/** Names that are not kebab-case, or say nothing about what is inside. */
export function nameProblems(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const parts = path.split('/')
    const words = parts.flatMap((part) => part.split(/[-.]/))
    const banned = words.filter((word) => BANNED_WORDS.has(word))
    const complaints = banned.map((word) => `${path}: "${word}" does not name the one thing inside`)
    if (!FILE_NAME.test(parts.at(-1) ?? '')) complaints.push(`${path}: file names are kebab-case`)
    return complaints
  })
}

/** Peers that would have to be installed, and more runtime dependencies than the product wants. */
export function dependencyProblems(pkg: PackageJson): readonly string[] {
  const required = Object.keys(pkg.peerDependencies ?? {})
    .filter((peer) => pkg.peerDependenciesMeta?.[peer]?.optional !== true)
    .map((peer) => `peer ${peer} is not optional`)
  const dependencies = Object.keys(pkg.dependencies ?? {})
  const tooMany =
    dependencies.length > MAX_DEPENDENCIES
      ? [
          `${dependencies.length} dependencies (${dependencies.join(', ')}), at most ${MAX_DEPENDENCIES} are allowed`,
        ]
      : []
  return [...required, ...tooMany]
}

/** One subpath export per driver folder and one driver folder per subpath, each with the files it names. */
export function exportProblems(
  pkg: PackageJson,
  drivers: readonly string[],
  isSource: (path: string) => boolean,
): readonly string[] {
  const subpaths = Object.keys(pkg.exports).filter((subpath) => subpath !== './package.json')
  const others = new Set(['.', './testing', './opentelemetry', './dashboard'])
  const problems = drivers
    .filter((driver) => pkg.exports[`./${driver}`] === undefined)
    .map((driver) => `src/drivers/${driver} has no export ./${driver}`)
  for (const subpath of subpaths) {
    const isDriver = !others.has(subpath)
    const folder = subpath === '.' ? '' : `${isDriver ? 'drivers/' : ''}${subpath.slice(2)}/`
    const expected = { types: `./dist/${folder}index.d.ts`, default: `./dist/${folder}index.js` }
    if (JSON.stringify(pkg.exports[subpath]) !== JSON.stringify(expected))
      problems.push(`export ${subpath} must be ${JSON.stringify(expected)}`)
    if (!isSource(`src/${folder}index.ts`)) problems.push(`export ${subpath} has no src/${folder}index.ts`)
  }
  return problems
}

/** Codes that the page on errors lacks, and codes it names that do not exist. */
export function errorCodeProblems(page: string, codes: readonly string[]): readonly string[] {
  const named = new Set([...page.matchAll(/^\| `(ERR_[A-Z_]+)`/gm)].map(([, code = '']) => code))
  return [
    ...codes.filter((code) => !named.has(code)).map((code) => `${code} is not on the page`),
    ...[...named].filter((code) => !codes.includes(code)).map((code) => `${code} does not exist`),
  ]
}
