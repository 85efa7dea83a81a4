import { readFileSync } from 'node:fs'

/** A document as Go wrote it (go-core 1.2, 3.1). */
export function golden(name: string): string {
  return readFileSync(new URL(`../../../fixtures/wire/golden/${name}.json`, import.meta.url), 'utf8')
}
