/** What the harness tells the processes that it starts. */
export interface ProcessSettings {
  readonly urls: { readonly broker: string; readonly resultBackend: string }
  readonly queue: string
  /** The file of the run log. */
  readonly log: string
  readonly seed: number
}

/** What they answer. `trouble`: something failed and will be tried again. */
export type ProcessNews = { readonly kind: 'ready' } | { readonly kind: 'trouble'; readonly text: string }

/** The settings this process was started with. */
export function processSettings(): unknown {
  return JSON.parse(process.argv[2] ?? 'null')
}

/** Tells the harness. */
export function tell(news: ProcessNews): void {
  process.send?.(news)
}

const onOrphaned = (): void => process.exit(1)

/** A process of the harness ends with it. */
export function endWithHarness(): void {
  process.once('disconnect', onOrphaned)
}

/** Lets this process end by itself. */
export function leaveHarness(): void {
  process.off('disconnect', onOrphaned)
  process.disconnect?.()
}
