/** Mutual exclusion between servers, with Machinery's contract (go-core 4.10): a lock is never released, it runs out. */
export interface Lock {
  /**
   * Takes the lock if nobody holds it, or its time has passed. Resolves to whether it was taken.
   * @param expiresAtNs Unix nanoseconds until which it is held; also the stored value.
   */
  lock(key: string, expiresAtNs: bigint): Promise<boolean>
  /** Idempotent. */
  close(): Promise<void>
}
