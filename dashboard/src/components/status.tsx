// What stands in the place of figures that aren't there: on their way, failed, or none.

export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <span class="hidden">Loading {what}</span>
      <div class="skeleton" />
    </div>
  );
}

interface FailureProps {
  readonly message: string;
  readonly onRetry?: () => void;
}

export function Failure({ message, onRetry }: FailureProps) {
  return (
    <div class="failure" role="alert">
      <p>{message}</p>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { children?: string }) {
  return <p class="empty">{children ?? 'No rows with these filters.'}</p>;
}
