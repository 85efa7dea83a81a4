export { applyChanges, type LiveTargets } from './app/config/apply-changes.ts'
export type { KeyChange } from './app/config/config-changes.ts'
export type { ConfigPath } from './app/config/config-key.ts'
export { serverOptions, workerOptions } from './app/config/config-options.ts'
export { describeConfig, type DescribedKey } from './app/config/describe-config.ts'
export {
  defineConfig,
  type AmqpConfig,
  type ArgumentMap,
  type AzureConfig,
  type DynamodbConfig,
  type MachineryConfig,
  type MachineryConfigInput,
  type MongodbConfig,
  type PubsubConfig,
  type RedisConfig,
  type SqsConfig,
} from './app/config/machinery-config.ts'
export type { ConfigSource, LoadedConfig } from './app/config/settle-config.ts'
export {
  watchConfig,
  type ConfigChange,
  type ConfigWatch,
  type ReloadOutcome,
  type WatchConfigOptions,
} from './app/config/watch-config.ts'
export { consoleLogger, type LogLevel } from './app/console-logger.ts'
export { createServer, type CreateServerOptions, type Server } from './app/create-server.ts'
export type { AmqpDriverOptions, DriverOptions, RedisDriverOptions } from './app/driver-registry.ts'
export { loadConfig, type Flags, type LoadConfigOptions } from './app/load-config.ts'
export {
  startMetricsEndpoint,
  type MetricsEndpoint,
  type MetricsEndpointOptions,
} from './app/metrics-endpoint.ts'
export type { PortOptions } from './app/open-ports.ts'
export {
  array,
  bool,
  bytes,
  float32,
  float64,
  int,
  int16,
  int32,
  int64,
  int8,
  json,
  string,
  time,
  uint,
  uint16,
  uint32,
  uint64,
  uint8,
  type ArgType,
} from './core/arg-types/index.ts'
export { systemClock, type Clock, type Timer } from './core/clock.ts'
export { ERROR_CODES, type ErrorCode, type ErrorCodeEntry } from './core/error-codes.ts'
export { isMachineryError, MachineryError, type MachineryErrorOptions } from './core/errors.ts'
export type { IdSource } from './core/id.ts'
export { silentLogger, type LogFields, type Logger } from './core/logger.ts'
export type { Arg, JsonText, Message, TaskResult } from './core/message.ts'
export { reject, retryIn, type Outcome, type Reject, type RetryIn } from './core/outcome.ts'
export type * from './core/ports/backend.ts'
export type * from './core/ports/broker.ts'
export type * from './core/ports/capabilities.ts'
export type * from './core/ports/control-store.ts'
export type * from './core/ports/diagnosis.ts'
export type * from './core/ports/inspector.ts'
export type * from './core/ports/lock.ts'
export type * from './core/ports/same-store.ts'
export type * from './core/ports/schedule-store.ts'
export type { DataRetryPolicy, RetryPolicy } from './core/retry-policy.ts'
export { isTerminal, type TaskState, type TaskStateName } from './core/task-state.ts'
export type * from './core/telemetry.ts'
export type { WireLimits } from './core/wire/limits.ts'
export type { WireForm } from './core/wire/message-codec.ts'
export type { DstPolicy } from './periodic/cron/schedule.ts'
export type { CatchUpPolicy, OverlapPolicy, PeriodicOptions } from './periodic/periodic-options.ts'
export type { ScheduleStatus } from './periodic/schedule-status.ts'
export type { Schedules } from './periodic/scheduler.ts'
export type { AsyncResult, StepState, WaitOptions } from './server/async-result.ts'
export type { Queues, QueueStatus } from './server/queues.ts'
export type { Tasks } from './server/tasks.ts'
export type { TaskProgress } from './server/progress.ts'
export type { SendWorkOptions } from './server/sender.ts'
export type { BeforePublish, ServerOptions } from './server/server-options.ts'
export type { DelayedTask, ProducerServer } from './server/server.ts'
export type { RunningTask, WorkerStatus } from './server/worker-status.ts'
export type { Workers } from './server/workers.ts'
export { contract, type Contract, type ContractSpec } from './task/contract.ts'
export { results, type Results } from './task/results.ts'
export type { SendOptions } from './task/send-options.ts'
export type { Signature } from './task/signature.ts'
export type { SchemaIssue, StandardSchema } from './task/standard-schema.ts'
export type { Step } from './task/step.ts'
export type { AnyTask } from './task/task-definition.ts'
export type { Task } from './task/task-handle.ts'
export type { TaskOptions } from './task/task-options.ts'
export { task } from './task/task.ts'
export { signature, typed, type TypedValue } from './task/untyped-signature.ts'
export { currentTask, type CurrentTask } from './worker/current-task.ts'
export { createSlots, type Slots } from './worker/slots.ts'
export type {
  Middleware,
  QueueShares,
  UnknownTaskPolicy,
  WorkerHooks,
  WorkerOptions,
} from './worker/worker-options.ts'
export type { Worker } from './worker/worker.ts'
export { chain } from './workflow/chain.ts'
export { chord } from './workflow/chord.ts'
export { group } from './workflow/group.ts'
export { chunks, map } from './workflow/map.ts'
export type { MemberFailurePolicy } from './workflow/member-policy.ts'
export type { ChordOptions, WorkflowOptions } from './workflow/workflow-options.ts'
export type { Chain, Group } from './workflow/workflow-types.ts'
