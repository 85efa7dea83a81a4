/// <reference lib="es2024.string" />

/** The text with each lone surrogate replaced by U+FFFD, as Go writes it. */
export function wellFormed(text: string): string {
  return text.toWellFormed()
}

/** Whether the text has no lone surrogate, so that it has an exact UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed()
}
