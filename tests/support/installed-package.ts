import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The packed package in a folder of its own, with nothing else installed. */
export interface InstalledPackage {
  /** The consumer's folder; its `node_modules` holds the package. */
  readonly folder: string
  /** Paths of all packed files. */
  readonly files: readonly string[]
  remove(): void
}

/** What a program printed. */
export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Packs the build, making it first if there is none, and installs it, offline, as a user's npm does. */
export async function installPackage(root: string): Promise<InstalledPackage> {
  if (!existsSync(join(root, 'dist/index.js'))) await succeed(process.execPath, ['scripts/build.ts'], root)
  const temporary = mkdtempSync(join(tmpdir(), 'machinery-ts-package-'))
  const packed = await succeed(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', temporary],
    root,
  )
  const [report] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }]
  const folder = join(temporary, 'consumer')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"name":"consumer","private":true,"type":"module"}')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--offline']
  await succeed('npm', ['install', ...flags, join(temporary, report.filename)], folder)
  return {
    folder,
    files: report.files.map(({ path }) => path),
    remove: () => rmSync(temporary, { recursive: true, force: true }),
  }
}

/** Runs a program and answers what came of it. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Output> {
  const env = { ...process.env, NODE_OPTIONS: '' }
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
  })
}

async function succeed(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, cwd)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`)
  return stdout
}
