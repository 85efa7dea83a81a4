import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { aclModule } from './acl-module.ts'
import { ROOT } from './step-runner.ts'

// Builds the module of the commands that the users of Redis need, after `node scripts/build-lua.ts`. The result is committed; a
// test checks that it is current.
writeFileSync(join(ROOT, 'src/drivers/redis/generated/acl-commands.ts'), aclModule())
