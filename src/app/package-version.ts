import { readFileSync } from 'node:fs'

/** The version of this package; empty where its `package.json` is not beside it, as in a bundle. */
export function packageVersion(): string {
  try {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    const { name, version } = JSON.parse(text) as { readonly name?: unknown; readonly version?: unknown }
    return name === 'machinery-ts' && typeof version === 'string' ? version : ''
  } catch {
    return ''
  }
}
