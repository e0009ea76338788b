import { TranslationBundle } from '@jupyterlab/translation';
import type { argumentsOf } from './argumentsOf';

/** Return how to describe the arguments of a command; the text is fetched on first use. */
export function describedBy(
  command: keyof ReturnType<typeof argumentsOf>,
  trans: TranslationBundle
) {
  return async () => {
    const { argumentsOf } = await import('./argumentsOf');
    return { args: { type: 'object', ...argumentsOf(trans)[command] } };
  };
}
