import type { Place } from './contestant.ts'

/** What the process of a contestant is asked. */
export type Request =
  | { readonly do: 'prepare'; readonly place: Place }
  | {
      readonly do: 'enqueue'
      readonly place: Place
      readonly mode: 'one' | 'flight' | 'bulk'
      readonly count: number
    }
  | {
      readonly do: 'calls'
      readonly place: Place
      readonly count: number
      readonly inFlight: number
      readonly pauseMs: number
    }
  | { readonly do: 'later'; readonly place: Place; readonly count: number; readonly perSecond: number }
  /** `cpuMs`: what each task costs, in ms of the processor. */
  | { readonly do: 'work'; readonly place: Place; readonly concurrency: number; readonly cpuMs: number }
  | { readonly do: 'stop' }

/** What it answers. `stored` comes by itself, while it works; `absent`: the library has no such thing. */
export type Answer =
  | { readonly kind: 'done' | 'absent' }
  /** How long the import of the library took. */
  | { readonly kind: 'ready'; readonly importMs: number }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'stored'; readonly count: number }
  | {
      readonly kind: 'measured'
      readonly seconds: number
      /** Of all threads of the process. */
      readonly cpuSeconds: number
      readonly latenciesMs: readonly number[]
    }
  | {
      readonly kind: 'stopped'
      readonly stored: number
      readonly cpuSeconds: number
      /** The most it ever had. */
      readonly rssBytes: number
      readonly latenessMs: readonly number[]
    }
