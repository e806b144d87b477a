// The box beside the pointer. It is built of elements with text in them, never of HTML, since
// names of campaigns and pages come from outside.

export interface TooltipLine {
  readonly name: string;
  readonly text: string;
  readonly color?: string;
}

/** Builds the content of a tooltip. */
export function tooltipContent(title: string, lines: readonly TooltipLine[]): HTMLElement {
  const box = document.createElement('div');
  box.className = 'tooltip';
  box.append(element('strong', title));
  for (const line of lines) {
    const row = element('div', '');
    if (line.color !== undefined) {
      const mark = element('i', '');
      mark.style.background = line.color;
      row.append(mark);
    }
    row.append(element('span', line.name), element('b', line.text));
    box.append(row);
  }
  return box;
}

function element(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
