// Light or dark: the system's preference until the reader chooses, then the choice. The theme
// is set on the page before the first drawing by `public/theme.js`.
import { useEffect, useState } from 'preact/hooks';

export type Theme = 'light' | 'dark';

const STORAGE_KEY = 'tributary-theme';
const CHANGED = 'tributary-theme-changed';

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
}

/** Chooses a theme for this and later visits. */
export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(STORAGE_KEY, theme);
  } catch {
    // Storage can be forbidden; the choice then holds until the page is left.
  }
  show(theme);
}

/** The theme, followed as the reader or the system changes it. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => {
    const follow = () => setTheme(currentTheme());
    addEventListener(CHANGED, follow);
    return () => removeEventListener(CHANGED, follow);
  }, []);
  return theme;
}

/** Follows the system's preference for as long as the reader has not chosen. */
export function followSystem(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
    let chosen: string | null = null;
    try {
      chosen = localStorage.getItem(STORAGE_KEY);
    } catch {
      // As above.
    }
    if (chosen === null) show(event.matches ? 'dark' : 'light');
  });
}

function show(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event(CHANGED));
}
