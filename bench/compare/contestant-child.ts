import { fork } from 'node:child_process'
import { once } from 'node:events'

import type { Answer, Request } from './contestant-requests.ts'

const ANSWER_WITHIN_MS = 180_000
const START_WITHIN_MS = 20_000

/** A contestant in a process of its own. */
export class ContestantChild implements AsyncDisposable {
  readonly #child: ReturnType<typeof fork>
  readonly #answers: Answer[] = []
  #onAnswer: () => void = () => {}
  #stored = 0
  #importMs = Number.NaN
  #onStored: () => void = () => {}

  private constructor(name: string, node: string | undefined) {
    this.#child = fork(new URL('contestant-process.ts', import.meta.url), [name], {
      ...(node === undefined ? {} : { execPath: node }),
      execArgv: ['--no-warnings'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (answer: Answer) => {
      if (answer.kind === 'stored') {
        this.#stored = answer.count
        this.#onStored()
        return
      }
      this.#answers.push(answer)
      this.#onAnswer()
    })
    this.#child.once('exit', (code, signal) => {
      this.#answers.push({ kind: 'failed', error: `${name} ended with ${code ?? signal}` })
      this.#onAnswer()
    })
  }

  /** @param node the Node to run it with, if not this one */
  static async start(name: string, node?: string): Promise<ContestantChild> {
    const child = new ContestantChild(name, node)
    const ready = await child.#answer(START_WITHIN_MS)
    if (ready.kind === 'ready') child.#importMs = ready.importMs
    return child
  }

  /** @throws when the contestant failed, or did not answer within 3 minutes */
  async ask(request: Request): Promise<Answer> {
    if (request.do === 'work') this.#stored = 0
    this.#child.send(request)
    return this.#answer(ANSWER_WITHIN_MS)
  }

  /** How long the import of the library took, in the process. */
  get importMs(): number {
    return this.#importMs
  }

  /** Results it has stored since it began to work. */
  get stored(): number {
    return this.#stored
  }

  set onStored(listener: () => void) {
    this.#onStored = listener
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  async #answer(withinMs: number): Promise<Answer> {
    if (this.#answers.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer within ${withinMs} ms`)), withinMs)
        this.#onAnswer = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const answer = this.#answers.shift()
    if (answer === undefined || answer.kind === 'failed') throw new Error(answer?.error ?? 'no answer')
    return answer
  }
}
