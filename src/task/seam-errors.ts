declare const wrongSeam: unique symbol

// The compiler prints these names, with what was passed and what is taken, where steps of a workflow do not fit together.

/** The results of one step are not the arguments that the next one takes. */
export interface StepDoesNotFit<Seam extends { passed: unknown; takes: unknown }> {
  readonly [wrongSeam]: Seam
}

/** Work cannot be sent as long as arguments are missing; `Missing` lists them. */
export interface ArgumentsMissing<Missing> {
  readonly [wrongSeam]: Missing
}

/** A task handle stands where a signature is needed. */
export interface CallTheTaskFirst {
  readonly [wrongSeam]: 'write name(), not name'
}

/** A group directly after a group has no form on the wire. */
export interface GroupCannotFollowGroup {
  readonly [wrongSeam]: 'put a task between them'
}
