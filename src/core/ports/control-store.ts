/** A value under its key. */
export interface ControlEntry {
  readonly key: string
  readonly value: string
}

/** A value to write. */
export interface ControlWrite extends ControlEntry {
  /** ms from now, above 0, after which it is gone unless it was written again; `Infinity` keeps it until it is removed. */
  readonly expiresInMs: number
}

/**
 * Small named values that all processes of a store share: which workers there are, what is paused, what a worker is asked to do.
 * They are state, not messages: written again they are the same, and whoever comes late reads what stands. Areas keep keys apart.
 * Any text is kept to the letter, except halves of surrogate pairs. What ran out is never answered; a store removes it little by
 * little, with the writes.
 */
export interface ControlStore {
  /** Writes all or none of the values; value and expiry of a key are replaced, the last of a batch stays. */
  put(area: string, writes: readonly ControlWrite[]): Promise<void>
  /** The values in the order of the keys; undefined for those that are not there. */
  get(area: string, keys: readonly string[]): Promise<readonly (string | undefined)[]>
  /** What is there under keys that begin with `prefix`, by key. @param prefix all of the area without it */
  list(area: string, prefix?: string): Promise<readonly ControlEntry[]>
  /** Keys that are not there do not matter. */
  remove(area: string, keys: readonly string[]): Promise<void>
}
