/**
 * The life of every part of a worker. `start` begins its work and returns; `stop` ends it and resolves when nothing of it
 * runs any more. Both may be called again, `stop` also before `start`; a stopped service is not started again.
 */
export interface Service {
  readonly name: string
  start(): void
  stop(): Promise<void>
}
