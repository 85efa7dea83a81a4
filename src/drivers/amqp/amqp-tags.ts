/** What to acknowledge: everything up to a tag, and single tags. */
export interface AckPlan {
  /** The highest of the settled tags below which everything is settled; undefined when there are not at least two of them. */
  readonly upTo: number | undefined
  readonly single: readonly number[]
}

/**
 * The delivery tags of one channel. An acknowledgement of several covers every lower tag, so it may only be given where all
 * of them are settled: one tag too far would lose a message that still runs. One tag twice would close the channel.
 */
export class AmqpTags {
  /** Received and not settled, lowest first: as the server counts them. */
  readonly #open = new Set<number>()

  receive(tag: number): void {
    this.#open.add(tag)
  }

  /** Marks tags as settled and says how to acknowledge them: only those that were not settled before. */
  settle(tags: readonly number[]): AckPlan {
    const settled = tags.filter((tag) => this.#open.delete(tag)).toSorted((a, b) => a - b)
    const [lowest = Infinity] = this.#open
    const covered = settled.filter((tag) => tag < lowest)
    if (covered.length < 2) return { upTo: undefined, single: settled }
    return { upTo: covered.at(-1), single: settled.slice(covered.length) }
  }
}
