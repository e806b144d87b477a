// The frame of a page: its title, which takes the focus when the page is opened, and filters.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface PageProps {
  readonly title: string;
  readonly lead?: string | undefined;
  readonly filters?: ComponentChildren;
  readonly children: ComponentChildren;
}

let isFirstPage = true;

export function Page({ title, lead, filters, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · tributary`;
    // The first page leaves the focus where the browser put it.
    if (!isFirstPage) heading.current?.focus({ preventScroll: true });
    isFirstPage = false;
  }, [title]);
  return (
    <>
      <div class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead !== undefined && <p class="lead">{lead}</p>}
      </div>
      {filters}
      {children}
    </>
  );
}
