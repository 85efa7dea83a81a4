/** What to acknowledge: everything up to a tag, and single tags. */
export interface AckPlan {
  /** The highest of the settled tags below which everything is settled; undefined when there are not at least two of them. */
  readonly upTo: number | undefined
  readonly single: readonly number[]
}

/**
 * The delivery tags of one channel. An acknowledgement of several covers every lower tag, so it may only be given where all
 * of them are settled: one tag too far would lose a message that still runs.
 */
export class AmqpTags {
  /** Everything below is settled. */
  #lowest = 1
  /** Settled, above a tag that is not. */
  readonly #settled = new Set<number>()

  /** Marks tags as settled and says how to acknowledge them. Each tag at most once. */
  settle(tags: readonly number[]): AckPlan {
    const sorted = tags.toSorted((a, b) => a - b)
    for (const tag of sorted) this.#settled.add(tag)
    while (this.#settled.delete(this.#lowest)) this.#lowest += 1
    const covered = sorted.filter((tag) => tag < this.#lowest)
    if (covered.length < 2) return { upTo: undefined, single: sorted }
    return { upTo: covered.at(-1), single: sorted.slice(covered.length) }
  }
}
