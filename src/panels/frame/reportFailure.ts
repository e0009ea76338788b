import { showProblem } from '../../components/problems';
import { IPanelServices } from './services';

/** Run an action and show its error. */
export async function reportFailure(
  { trans }: IPanelServices,
  failed: string,
  action: () => Promise<unknown>
): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return showProblem(failed, error, trans);
  }
}
