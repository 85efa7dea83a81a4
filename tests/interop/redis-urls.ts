import type { InteropUrls } from './interop.ts'

/** Everything in one Redis. */
export const redisUrls = (url: string): InteropUrls => ({
  brokerUrl: url,
  backendUrl: url,
  lockUrl: url,
  urlOptions: (delayedKey) => `?interop=go&delayedKey=${delayedKey}`,
})
