// Paths of touches as reports write them: `Email > Paid Search`, with a `\` before what would be
// read as something else. The rules stand in docs/attribution.md.

const ESCAPED = "\\> '";

/** Parts a path into the names of its touches. */
export function parsePath(path: string): string[] {
  if (path === '') return [];
  const names = [''];
  for (let at = 0; at < path.length; at++) {
    const character = path.charAt(at);
    if (character === '\\' && at + 1 < path.length && ESCAPED.includes(path.charAt(at + 1))) {
      at++;
      names.push(names.pop() + path.charAt(at));
    } else if (path.startsWith(' > ', at)) {
      at += 2;
      names.push('');
    } else {
      names.push(names.pop() + character);
    }
  }
  return names;
}
