/**
 * What Python takes for white space, and so does Jinja. JavaScript's own \s has U+FEFF too, and lacks U+001C to U+001F
 * and U+0085.
 */

/** The characters, for use within the brackets of a regular expression. */
export const SPACE_CLASS = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** The characters. */
export const SPACES: ReadonlySet<string> = new Set(
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" +
    "\u2028\u2029\u202f\u205f\u3000",
);
