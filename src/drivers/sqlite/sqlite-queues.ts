import type { SqliteConnection, Statement } from './sqlite-connection.ts'

/** Numbers and names of queues. A queue is never removed, so what was read once stays true. */
export class SqliteQueues {
  readonly #ids = new Map<string, number>()
  readonly #names = new Map<number, string>()
  readonly #insert: Statement
  readonly #byName: Statement<[id: number]>
  readonly #byId: Statement<[name: string]>
  readonly #all: Statement<[name: string]>

  constructor(connection: SqliteConnection) {
    this.#insert = connection.prepare('INSERT INTO queue(name) VALUES (?) ON CONFLICT DO NOTHING')
    this.#byName = connection.prepare('SELECT id FROM queue WHERE name = ?')
    this.#byId = connection.prepare('SELECT name FROM queue WHERE id = ?')
    this.#all = connection.prepare('SELECT name FROM queue ORDER BY name')
  }

  /** Undefined until something was published to the queue. */
  find(name: string): number | undefined {
    return this.#ids.get(name) ?? this.#byName.get(name)?.[0]
  }

  /** For use in a write. */
  ensure(name: string): number {
    const known = this.find(name)
    if (known !== undefined) return known
    this.#insert.run(name)
    return this.#byName.get(name)?.[0] as number
  }

  /** Remembers a queue if it is stored. Not for use in a write, which may be taken back. */
  learn(name: string): void {
    if (this.#ids.has(name)) return
    const id = this.find(name)
    if (id !== undefined) this.#ids.set(name, id)
  }

  nameOf(id: number): string {
    const name = this.#names.get(id) ?? this.#byId.get(id)?.[0] ?? ''
    this.#names.set(id, name)
    return name
  }

  names(): readonly string[] {
    return this.#all.all().map(([name]) => name)
  }
}
