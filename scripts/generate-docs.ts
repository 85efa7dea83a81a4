import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { generatedPages } from './generated-pages.ts'
import { ROOT } from './step-runner.ts'

// Writes the generated parts of the documentation again; tests compare them.
for (const { path, render } of await generatedPages()) {
  const file = join(ROOT, path)
  writeFileSync(file, render(readFileSync(file, 'utf8')))
}
