import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { luaModule } from './lua-module.ts'

// Builds the module of the Redis driver's scripts. The result is committed, so that a fresh clone needs no step; a test checks
// that it is current.
const folder = join(import.meta.dirname, '../src/drivers/redis')
writeFileSync(join(folder, 'generated/lua-sources.ts'), luaModule(join(folder, 'scripts')))
