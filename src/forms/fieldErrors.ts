import { ApiError } from '../api/client';

/**
 * Return the refused fields by the server's path ("arguments.2.name"), the first with the hint if
 * the form shows it.
 */
export function fieldErrors(
  error: unknown,
  isShown: (path: string) => boolean = () => true
): Record<string, string> {
  const { details, hint } = error instanceof ApiError ? error : { details: [], hint: '' };
  return Object.fromEntries(
    details.map(({ path, message }, index) => [
      path,
      hint && !index && isShown(path) ? `${asSentence(message)} ${hint}` : message
    ])
  );
}

function asSentence(text: string): string {
  return /[.?!…]$/.test(text) ? text : `${text}.`;
}
