import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Tells the process that watches which files are loaded from here on. */
export function reportModules(tell: (path: string) => void): void {
  const told = new Set<string>()
  registerHooks({
    load(url, context, nextLoad) {
      if (url.startsWith('file:') && !url.includes('/node_modules/') && !told.has(url)) {
        told.add(url)
        tell(fileURLToPath(url))
      }
      return nextLoad(url, context)
    },
  })
}
