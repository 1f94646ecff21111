import { HttpError } from '../http/http-error.js';

/** Throws HttpError 400 when more answers are to be made than given: they would have to be ranked. */
export function checkBestOf(body: { best_of?: number | null | undefined; n?: number | null | undefined }): void {
  const { best_of: made, n } = body;
  const answers = n ?? 1;
  if (made == null || made <= answers) return;
  const message = `best_of: ${made} answers would be ranked and ${answers} given: ask for n answers, and rank them`;
  throw new HttpError(400, 'invalid_request', message, 'best_of');
}
