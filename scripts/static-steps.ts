import type { Step } from './step-runner.ts'

/** Finds mistakes without running anything; needs no build. */
export const SOURCE_STEPS: readonly Step[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
]

/** What the build would refuse, without building: exported things need explicit types. */
export const DECLARATIONS_STEP: Step = {
  name: 'declarations',
  command: ['tsc', '-p', 'tsconfig.build.json', '--noEmit'],
}

/** Makes `dist`, which the steps on the package and the package tests read. */
export const BUILD_STEP: Step = { name: 'build', command: ['node', 'scripts/build.ts'] }

/** Checks what would be published; needs the build. */
export const PACKAGE_STEPS: readonly Step[] = [
  { name: 'knip', command: ['knip', '--no-progress'] },
  { name: 'publint', command: ['publint', '--strict'] },
  { name: 'attw', command: ['attw', '--pack', '.', '--profile', 'esm-only', '--no-emoji'] },
]
