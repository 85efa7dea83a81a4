import { valuesText, type MessageView } from './message-view.ts'
import type { ListView } from './output.ts'

const MOST_CHARACTERS = 60

/** A list of messages. */
export const MESSAGES: ListView<MessageView> = {
  columns: [
    { title: 'uuid', text: ({ uuid }) => uuid },
    { title: 'task', text: ({ task }) => task },
    { title: 'args', text: ({ args }) => shortened(valuesText(args)) },
  ],
  id: ({ uuid }) => uuid,
  none: 'no messages',
}

/** A text that fits into a column. */
export function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text
}
