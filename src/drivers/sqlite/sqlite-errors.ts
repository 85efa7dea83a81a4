import { MachineryError } from '../../core/errors.ts'

// https://sqlite.org/rescode.html; the low byte of an extended code is its primary code.
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const FULL = 13
const CANTOPEN = 14
/** The shared-memory file could not be made larger: in practice, no room. */
const IOERR_SHMSIZE = 4_874

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}

/** Whether another connection holds the lock that was needed: the same statement may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  const primary = (resultCode(error) ?? 0) & 0xff
  return primary === BUSY || primary === LOCKED
}

/** Whether an input or output operation failed; at COMMIT, it is then not certain that nothing was written. */
export function isIoError(error: unknown): boolean {
  const code = resultCode(error) ?? 0
  return (code & 0xff) === IOERR && code !== IOERR_SHMSIZE
}

/** The error that crosses a port: a `MachineryError` as it is, an error of SQLite wrapped. */
export function storeError(error: unknown, path: string): MachineryError {
  if (error instanceof MachineryError) return error
  const code = resultCode(error)
  const text = error instanceof Error ? error.message : String(error)
  const options = { cause: error, details: { path, sqliteCode: code } }
  const primary = (code ?? 0) & 0xff
  if (primary === BUSY || primary === LOCKED) {
    return new MachineryError('ERR_STORE_BUSY', `${path} is locked by another process: ${text}`, options)
  }
  if (primary === FULL || code === IOERR_SHMSIZE) {
    return new MachineryError('ERR_STORE_FULL', `there is no room left for ${path}: ${text}`, options)
  }
  const why =
    primary === READONLY || primary === CANTOPEN
      ? 'cannot be written; the process needs write access to the file and its directory'
      : 'answered with an error'
  return new MachineryError('ERR_STORE_FAILED', `${path} ${why}: ${text}`, options)
}
