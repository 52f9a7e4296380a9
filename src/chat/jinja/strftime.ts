/**
 * Dates as text: Python's strftime with English names, whatever the machine's language is.
 */

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** The directives: a number with the width it is padded to with zeros, or a text. */
const DIRECTIVES: Readonly<Record<string, (date: Date) => string | [value: number, width: number]>> = {
  a: (date) => DAYS[date.getUTCDay()].slice(0, 3),
  A: (date) => DAYS[date.getUTCDay()],
  b: (date) => MONTHS[date.getUTCMonth()].slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()],
  h: (date) => MONTHS[date.getUTCMonth()].slice(0, 3),
  d: (date) => [date.getUTCDate(), 2],
  e: (date) => String(date.getUTCDate()).padStart(2),
  D: (date) => strftime(date, "%m/%d/%y"),
  F: (date) => strftime(date, "%Y-%m-%d"),
  H: (date) => [date.getUTCHours(), 2],
  I: (date) => [(date.getUTCHours() + 11) % 12 + 1, 2],
  j: (date) => [dayOfYear(date), 3],
  m: (date) => [date.getUTCMonth() + 1, 2],
  M: (date) => [date.getUTCMinutes(), 2],
  p: (date) => date.getUTCHours() < 12 ? "AM" : "PM",
  R: (date) => strftime(date, "%H:%M"),
  S: (date) => [date.getUTCSeconds(), 2],
  T: (date) => strftime(date, "%H:%M:%S"),
  u: (date) => [(date.getUTCDay() + 6) % 7 + 1, 1],
  w: (date) => [date.getUTCDay(), 1],
  y: (date) => [date.getUTCFullYear() % 100, 2],
  Y: (date) => [date.getUTCFullYear(), 1],
  f: (date) => [date.getUTCMilliseconds() * 1000, 6],
  n: () => "\n",
  t: () => "\t",
  // datetime.now() has no time zone, so Python prints nothing for its name and its offset.
  z: () => "",
  Z: () => "",
  "%": () => "%",
};

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start) / 86_400_000) + 1;
}

/**
 * The date in a format such as "%d %b %Y". Directives that do not exist stay as they are; `%-d` leaves the padding
 * away.
 *
 * @param date Its UTC fields are used
 */
export function strftime(date: Date, format: string): string {
  return format.replaceAll(/%(-?)([a-zA-Z%])/g, (directive, unpadded, letter) => {
    if (!Object.hasOwn(DIRECTIVES, letter)) return directive;
    const value = DIRECTIVES[letter](date);
    if (typeof value === "string") return unpadded === "" ? value : value.trimStart();
    return String(value[0]).padStart(unpadded === "" ? value[1] : 1, "0");
  });
}
