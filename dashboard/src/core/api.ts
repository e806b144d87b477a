// Talks to the server that the dashboard came from. Answers are kept until the page is left, so
// that going back is instant; the browser itself asks again with the ETag after a reload.

/** An answer other than 2xx, or none at all; its message is a sentence for the reader. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const ANSWERS_MAX = 200;
const BUSY_TRIES_MAX = 5;
const BUSY_SECONDS_USUAL = 2;
const BUSY_SECONDS_MAX = 10;
const answers = new Map<string, Promise<unknown>>();

/** Fetches JSON, or takes it from the answers that this page already has. */
export function fetchCached<T>(url: string): Promise<T> {
  const known = answers.get(url);
  if (known !== undefined) return known as Promise<T>;
  const answer = fetchJson<T>(url);
  answers.set(url, answer);
  answer.catch(() => answers.delete(url));
  if (answers.size > ANSWERS_MAX) {
    const oldest = answers.keys().next().value;
    if (oldest !== undefined) answers.delete(oldest);
  }
  return answer;
}

/** Forgets all answers, so that pages ask again. */
export function forgetAnswers(): void {
  answers.clear();
}

/** Fetches JSON. */
export async function fetchJson<T>(url: string): Promise<T> {
  const response = await request(url, 'application/json');
  return (await response.json()) as T;
}

/** Fetches text, such as a report's SQL. */
export async function fetchText(url: string): Promise<string> {
  return (await request(url, 'text/plain')).text();
}

async function request(url: string, accept: string): Promise<Response> {
  const response = await untilNotBusy(url, accept);
  if (response.status === 401) {
    // The session is over; the server answers a page load with its login form.
    location.reload();
    return new Promise<Response>(() => {});
  }
  if (!response.ok) throw new ApiError(await sentenceOf(response), response.status);
  return response;
}

/** Asks again for as long as the server says that it is busy, as often as is reasonable. */
async function untilNotBusy(url: string, accept: string): Promise<Response> {
  for (let n = 1; ; n += 1) {
    const response = await ask(url, accept);
    const retryAfter = response.headers.get('retry-after');
    if (response.status !== 503 || retryAfter === null || n >= BUSY_TRIES_MAX) return response;
    const seconds = Math.min(Number(retryAfter) || BUSY_SECONDS_USUAL, BUSY_SECONDS_MAX);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

async function ask(url: string, accept: string): Promise<Response> {
  try {
    return await fetch(url, { headers: { accept }, credentials: 'same-origin' });
  } catch {
    throw new ApiError('The server can’t be reached. Is `tributary serve` running?', 0);
  }
}

async function sentenceOf(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  } catch {
    // Not JSON, such as a proxy's page; the status has to do.
  }
  return `The server answered ${response.status} ${response.statusText}`.trim();
}
