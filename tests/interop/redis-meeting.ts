import type { Meeting } from './interop.ts'

/** Everything in one Redis. */
export function redisMeeting(url = ''): Meeting {
  return {
    go: { broker: url, backend: url, lock: url },
    typeScript: (delayedKey) => {
      const withOptions = `${url}?interop=go&delayedKey=${delayedKey}`
      return { broker: withOptions, resultBackend: withOptions }
    },
  }
}
