/** What a name becomes that is one too many, or that somebody else may have made up. */
export const OTHER = 'other'

/**
 * Lets the first `most` different names pass, every later one becomes `other`: a metric has one series per name, and names can come
 * from outside.
 */
export class BoundedNames {
  readonly #most: number
  readonly #names = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  bounded(name: string): string {
    if (this.#names.has(name)) return name
    if (name === '' || this.#names.size >= this.#most) return OTHER
    this.#names.add(name)
    return name
  }
}
