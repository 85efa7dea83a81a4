import { driverCommands, producerCommands } from './redis-commands.ts'

/** The text of the module that holds the commands of the users of Redis. */
export function aclModule(): string {
  const list = (commands: ReadonlySet<string>): string =>
    [...commands]
      .toSorted()
      .map((name) => `    '${name}',\n`)
      .join('')
  return `// Generated from the files and scripts of the driver by \`node scripts/build-acl.ts\`: change those.

/** Commands that servers send, or call in their scripts, by what the servers do; in lower case, \`client|id\` for one with a part. */
export interface AclCommands {
  /** Those that run tasks. */
  readonly worker: readonly string[]
  /** Those that only send, and wait for results. */
  readonly producer: readonly string[]
}

export const ACL_COMMANDS: AclCommands = {
  worker: [
${list(driverCommands())}  ],
  producer: [
${list(producerCommands())}  ],
}
`
}
