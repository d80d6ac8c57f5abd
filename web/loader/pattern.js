// Patterns of the catalogue: names in which * stands for any characters.

export function matcher(pattern) {
  const source = pattern.split('*').map((word) => word.replace(/[\\^$.+?()[\]{}|]/g, '\\$&')).join('.*');
  return new RegExp('^' + source + '$');
}

/** Those of names that one of the patterns matches. */
export const matching = (patterns, names) => names.filter((name) => patterns.some((pattern) => matcher(pattern).test(name)));
