/** Which URLs the keys of a section are for. */
const URLS: Readonly<Record<string, { readonly pattern: RegExp; readonly name: string }>> = {
  amqp: { pattern: /^amqps?:/i, name: 'amqp:' },
  azure: { pattern: /queue\.core\.windows/i, name: 'one of queue.core.windows.net' },
  dynamodb: { pattern: /^https:\/\/dynamodb/i, name: 'https://dynamodb…' },
  mongodb: { pattern: /^mongodb(?:\+srv)?:/i, name: 'mongodb:' },
  pubsub: { pattern: /^gcppubsub:/i, name: 'gcppubsub:' },
  redis: { pattern: /^redis(?:s|\+socket)?:/i, name: 'redis:' },
  sqs: { pattern: /^https?:/i, name: 'https://sqs…' },
}

/** Why nothing uses the keys of a section; undefined where something does, or may: a port object is not looked into. */
export function sectionUses(section: string, ports: readonly unknown[]): string | undefined {
  const urls = URLS[section]
  const isUsed = ports.some((port) => typeof port === 'string' && urls?.pattern.test(port) === true)
  return urls === undefined || isUsed ? undefined : `no URL is ${urls.name}`
}
