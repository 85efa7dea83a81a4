import type { Clock } from '../core/clock.ts'
import type { LoadedConfig } from '../app/config/settle-config.ts'
import type { CreateServerOptions, Server } from '../app/create-server.ts'
import type { Output } from './output.ts'

/** Options of every command. */
export interface GlobalFlags {
  readonly broker?: string
  readonly resultBackend?: string
  readonly config?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** What a command works with. */
export interface CommandContext {
  readonly output: Output
  readonly clock: Clock
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  readonly flags: GlobalFlags
  /** The configuration of flags, environment and file. @throws as `loadConfig` */
  loadConfig(more?: Readonly<Record<string, unknown>>): Promise<LoadedConfig>
  /** A server on it; the caller closes it. @throws as `createServer` */
  openServer(more?: Partial<CreateServerOptions>): Promise<Server>
  /** From here on the command answers to signals, and to a stdout that nobody reads, by itself. */
  takeOverSignals(): void
}
