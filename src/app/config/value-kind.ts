/** What a reader answers when a value does not fit. */
export const UNFIT: unique symbol = Symbol('unfit')

/** How the value of a key is written in a file, in a variable and in code. Readers answer `UNFIT` for what is not allowed. */
export interface ValueKind {
  /** What is allowed, for errors and for the documentation: "a whole number from 0". */
  readonly allowed: string
  /** What is allowed as a text, where that differs. @default `allowed` */
  readonly allowedInText?: string
  /** What is allowed in YAML, where that differs from a text. @default `allowedInText` */
  readonly allowedInYaml?: string
  /** How the value may be shown: as a URL without its credentials, not at all, or as it is. @default 'plain' */
  readonly shown?: 'url' | 'hidden' | 'plain'
  /** Of a YAML node: a `YamlScalar`, an array or an object of them. `undefined`: the default. */
  readonly fromYaml: (node: unknown) => unknown
  /** Of the text of a variable or a flag. `undefined`: the default. */
  readonly fromText: (text: string) => unknown
  /** Of a value in code. `undefined`: the default. */
  readonly fromCode: (value: unknown) => unknown
}
