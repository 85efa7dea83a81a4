import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { loadConfig, type LoadConfigOptions } from '../../../../src/app/load-config.ts'
import type { LoadedConfig } from '../../../../src/app/config/settle-config.ts'

/** A folder of its own for the test that runs. */
export interface ConfigFolder {
  readonly path: string
  write(name: string, text: string): void
}

/** Makes a folder with these files; it is gone when the test has ended. */
export function configFolder(files: Readonly<Record<string, string>> = {}): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), 'machinery-ts-config-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const folder: ConfigFolder = {
    path,
    write: (name, text) => writeFileSync(join(path, name), text),
  }
  for (const [name, text] of Object.entries(files)) folder.write(name, text)
  return folder
}

/** What a YAML file with this text says, and nothing else. */
export async function loadYaml(text: string, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const { path } = configFolder({ 'config.yml': text })
  return loadConfig({ env: {}, cwd: path, file: 'config.yml', ...options })
}

/** What these variables say, and nothing else. */
export function loadEnv(env: Readonly<Record<string, string>>): Promise<LoadedConfig> {
  return loadConfig({ env, file: false })
}

/** The value at a path such as `redis.masterName`. */
export function at({ config }: LoadedConfig, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name],
      config,
    )
}
