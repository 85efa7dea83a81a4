import { loadConfig } from '../app/load-config.ts'
import type { LoadConfigOptions } from '../app/load-config.ts'
import type { LoadedConfig } from '../app/config/settle-config.ts'
import type { GlobalFlags } from './command-context.ts'

/** Stores that are broker and result backend in one. */
const BOTH = /^(?:memory|sqlite|redis|rediss|redis\+socket|amqp|amqps):/i

/** Where the configuration of a command comes from. */
export function configSources(
  { broker, resultBackend, config }: GlobalFlags,
  more: Readonly<Record<string, unknown>> = {},
): LoadConfigOptions {
  return {
    ...(config === undefined ? {} : { file: config }),
    flags: {
      ...more,
      ...(broker === undefined ? {} : { broker }),
      ...(resultBackend === undefined ? {} : { resultBackend }),
    },
  }
}

/**
 * The configuration of a command. Where nothing names a result backend, the broker's store is it: nobody who names one store
 * means Go's default, RabbitMQ on this machine, for the results.
 * @throws as `loadConfig`
 */
export async function openConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  return withOneStore(await loadConfig(options))
}

/** As `openConfig`, for a configuration that was loaded. */
export function withOneStore(loaded: LoadedConfig): LoadedConfig {
  const { config, sources, notices } = loaded
  const { broker } = config
  const isAssumed = sources.resultBackend === 'default' && sources.broker !== 'default'
  if (!isAssumed || typeof broker !== 'string' || !BOTH.test(broker)) return loaded
  return {
    ...loaded,
    config: { ...config, resultBackend: broker },
    notices: notices.filter((notice) => !notice.startsWith('resultBackend ')),
  }
}
