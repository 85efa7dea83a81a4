export type { AmqpClient, AmqpClientFactory } from './amqp-client.ts'
export type { AmqpStoreOptions } from './amqp-options.ts'
export { amqpBackend, amqpBroker, amqpStore, type AmqpStore } from './amqp-store.ts'
export { amqpUrlOptions } from './amqp-url-options.ts'
