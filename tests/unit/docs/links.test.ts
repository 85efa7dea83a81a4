import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { ROOT } from '../../../scripts/step-runner.ts'
import { pages, relativeLinks, type Page } from '../../support/markdown.ts'

function deadLinks(page: Page): readonly string[] {
  return relativeLinks(page)
    .filter((target) => !existsSync(join(ROOT, dirname(page.path), target)))
    .map((target) => `${page.path} → ${target}`)
}

describe('links', () => {
  it('lead somewhere', () => {
    const all = pages(ROOT)
    expect(all.length).toBeGreaterThan(10)
    expect(all.flatMap(deadLinks)).toEqual([])
  })

  it('would be reported when dead, outside of code only', () => {
    const text =
      '[a](nowhere.md#x) [b](../README.md) [c](https://example.com) `[d](no.md)`\n```ts\n[e](no.md)\n```\n'
    expect(deadLinks({ path: 'docs/x.md', text })).toEqual(['docs/x.md → nowhere.md'])
  })
})
