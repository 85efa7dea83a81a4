import { parseArgs } from 'node:util'

import { aclText } from './redis-acl.ts'

// Prints the users of Redis for a worker and a producer: npm run acl -- --queue orders --queue mail
const { values } = parseArgs({
  options: {
    queue: { type: 'string', multiple: true },
    'delayed-key': { type: 'string' },
    'wait-aof': { type: 'boolean' },
    cluster: { type: 'boolean' },
  },
})
const { queue: queues, 'delayed-key': delayedKey, 'wait-aof': hasWaitAof, cluster: isCluster } = values
process.stdout.write(
  `${aclText({
    ...(queues === undefined ? {} : { queues }),
    ...(delayedKey === undefined ? {} : { delayedKey }),
    ...(hasWaitAof === undefined ? {} : { hasWaitAof }),
    ...(isCluster === undefined ? {} : { isCluster }),
  })}\n`,
)
