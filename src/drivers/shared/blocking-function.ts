import { type Debugger, Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'

/** Where the main thread was when it was asked. */
export interface CodePlace {
  readonly functionName: string
  readonly file: string
  /** 1-based. */
  readonly line: number
}

const MAX_FRAMES = 10

/**
 * Called from a worker thread: stops the main thread for about 2 ms and reads its call stack, innermost first, without
 * the functions of Node itself. Resolves when the main thread is in JavaScript code again, which may be much later if it
 * is in a blocking call of the system. The caller must keep its thread alive meanwhile.
 * @see https://nodejs.org/api/inspector.html#sessionconnecttomainthread
 */
export function mainThreadStack(): Promise<readonly CodePlace[]> {
  return new Promise((resolve, reject) => {
    const urls = new Map<string, string>()
    const session = new Session()
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url))
    session.on('Debugger.paused', ({ params }) => {
      session.post('Debugger.resume')
      session.post('Debugger.disable')
      session.disconnect()
      resolve(places(params.callFrames, urls))
    })
    try {
      session.connectToMainThread()
      session.post('Debugger.enable')
      session.post('Debugger.pause')
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

function places(
  frames: readonly Debugger.CallFrame[],
  urls: ReadonlyMap<string, string>,
): readonly CodePlace[] {
  return frames
    .map(({ functionName, location, url }) => ({
      functionName: functionName || '(anonymous function)',
      file: url || (urls.get(location.scriptId) ?? ''),
      line: location.lineNumber + 1,
    }))
    .filter(({ file }) => file !== '' && !file.startsWith('node:'))
    .slice(0, MAX_FRAMES)
    .map((place) => ({
      ...place,
      file: place.file.startsWith('file:') ? fileURLToPath(place.file) : place.file,
    }))
}
