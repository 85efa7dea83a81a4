import { currentTask, signature, task, type Server } from '../../src/index.ts'

// What the command line runs in tests: a module as users write it.
export const add = task('add', (...terms: number[]) => terms.reduce((a, b) => a + b, 0))
export const refuse = task('refuse', (text: string) => {
  throw new Error(text)
})
export const hang = task('hang', async () => {
  const { signal } = currentTask()
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
})

export async function setup(server: Server): Promise<void> {
  await server.schedule('yearly', '0 0 1 1 *', signature('add', [1, 2]), { zone: 'UTC' })
}
