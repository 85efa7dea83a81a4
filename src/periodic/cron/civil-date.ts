/** Milliseconds of a minute, an hour and a day. */
export const MINUTE_MS = 60_000
export const HOUR_MS: number = 60 * MINUTE_MS
export const DAY_MS: number = 24 * HOUR_MS

const DAYS_OF_ERA = 146_097
/** 1970-01-01 in days since 0000-03-01. */
const EPOCH_DAY = 719_468

/** A date of the proleptic Gregorian calendar; `month` is 1 to 12. */
export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/**
 * The date of a wall time: milliseconds that a clock on the wall shows, counted as if it were in UTC.
 * @see https://howardhinnant.github.io/date_algorithms.html (`civil_from_days`)
 */
export function dateOf(wallMs: number): CivilDate {
  const days = Math.floor(wallMs / DAY_MS) + EPOCH_DAY
  const era = Math.floor(days / DAYS_OF_ERA)
  const dayOfEra = days - era * DAYS_OF_ERA
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/**
 * The wall time at midnight of a date. A month above 12 and a day beyond the month run over into what follows.
 * @see https://howardhinnant.github.io/date_algorithms.html (`days_from_civil`)
 */
export function midnightOf(year: number, month: number, day: number): number {
  const monthFromMarch = (month + 9) % 12
  const marchYear = year + Math.floor((month - 1) / 12) - (monthFromMarch >= 10 ? 1 : 0)
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return (era * DAYS_OF_ERA + dayOfEra - EPOCH_DAY) * DAY_MS
}

/** 0 for Sunday to 6 for Saturday. */
export function dayOfWeekOf(wallMs: number): number {
  const days = (Math.floor(wallMs / DAY_MS) + 4) % 7
  return days < 0 ? days + 7 : days
}
