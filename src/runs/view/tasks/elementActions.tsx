import { isLive, RunDetail, Task } from '../../../api/types';
import { Button, LinkButton } from '../../../components/Button';
import { showProblem } from '../../../components/problems';
import { ElementTask, elementState } from '../../model/maps/elements';
import { useServices } from '../context/hooks';

interface IElementActions {
  /** A button that stops or retries an element, if that is possible. */
  actionOf: (task: ElementTask) => JSX.Element | false;
  /** A button that retries all failed elements. */
  retryAll: JSX.Element;
}

/** Return the actions on the elements of a map; undefined after its end in a live run. */
export function useElementActions(detail: RunDetail, map: Task): IElementActions | undefined {
  const { trans, yard } = useServices();
  const { id: run, state: runState, cancel_requested_at: isStopped } = detail.run;
  const isEnded = !isLive(detail.run);
  if ((isStopped && runState !== 'succeeded') || (!isEnded && map.state !== 'running')) {
    return undefined;
  }
  const stop = (node: string) =>
    yard.client
      .call('runs.cancel_element', { path: { run, node } })
      .catch((error: unknown) => showProblem(trans.__('Not stopped.'), error, trans));
  const retry = (node: string) =>
    yard.client
      .call('runs.retry_elements', { path: { run }, query: { node } })
      .catch((error: unknown) => showProblem(trans.__('Not started.'), error, trans));
  const link = (text: string, label: string, act: () => unknown) => (
    <LinkButton tabIndex={-1} aria-label={label} onClick={() => void act()}>
      {text}
    </LinkButton>
  );
  return {
    actionOf: task => {
      const { node, element, reason } = task;
      const name = element.label || element.key;
      const state = elementState(task);
      if (state === 'waiting' || state === 'running') {
        return link(trans.__('Stop'), trans.__('Stop %1', name), () => stop(node));
      }
      const canRetry = state === 'failed' || reason?.code === 'element-cancelled';
      return canRetry && link(trans.__('Retry'), trans.__('Retry %1', name), () => retry(node));
    },
    retryAll: (
      <Button onClick={() => void retry(map.node)}>{trans.__('Retry Failed Elements')}</Button>
    )
  };
}
