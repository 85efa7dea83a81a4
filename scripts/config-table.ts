import type { ConfigKey } from '../src/app/config/config-key.ts'
import { markdownTable } from './generated-section.ts'

/** Keys with their names in each place; Go's have a column more. */
export function configTable(keys: readonly ConfigKey[], isGo: boolean): string {
  const head = ['Key', ...(isGo ? ["Go's `Config`"] : []), 'YAML', 'Variable', 'Says', 'Allowed']
  const rows = keys.map(({ path, go = '', yaml, env, means, kind }) => {
    const { allowed, allowedInText = allowed } = kind
    return [
      `\`${path}\``,
      ...(isGo ? [go] : []),
      names(yaml),
      env.length === 0 ? 'none' : names(env),
      cell(means),
      cell((yaml.length > 0 ? allowedInText : allowed).replace(/,$/, '')),
    ]
  })
  return markdownTable(head, rows)
}

/** The values that Go's loaders start from. */
export function goDefaultTable(keys: readonly ConfigKey[]): string {
  const rows = keys
    .filter(({ goDefault }) => goDefault !== undefined)
    .map(({ path, goDefault }) => [`\`${path}\``, `\`${String(goDefault)}\``])
  return markdownTable(['Key', 'Value'], rows)
}

/** The keys that are accepted and do nothing, with the reasons. */
export function noEffectTable(keys: readonly ConfigKey[]): string {
  const rows = keys
    .filter(({ noEffect }) => noEffect !== undefined)
    .map(({ yaml, noEffect = '' }) => [names(yaml), cell(noEffect)])
  return markdownTable(['Key in YAML', 'Has no effect here because'], rows)
}

function names(all: readonly string[]): string {
  return all.length === 0 ? 'in code only' : all.map((name) => `\`${name}\``).join(', ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
