/** Follows the selected node of the workflow, on its canvas and in Run Info. */
import { useEffect, useRef, useState } from 'react';
import { RunDetail } from '../../../api/types';
import { IChosenStep } from '../../../canvas/model/tokens';
import { useServices } from './hooks';

/** Return the node whose card is selected when the run is first shown, and the tab if it is new. */
export function useLastStep({ run, tasks }: RunDetail): IChosenStep | undefined {
  const { steps } = useServices();
  const [last] = useState(steps?.last);
  const isOwn = last?.path === run.path && tasks.some(task => task.node === last.node);
  useEffect(() => {
    if (isOwn) {
      steps?.forgetTab();
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the tab is for the first run only
  }, []);
  return isOwn ? last : undefined;
}

/** Share the chosen node with the canvas of the workflow, in both directions. */
export function useSharedStep(
  { run, tasks }: RunDetail,
  show: (step: Pick<IChosenStep, 'node' | 'tab'>) => void
): (node: string | undefined) => void {
  const { steps } = useServices();
  const { path } = run;
  const known = useRef(tasks);
  known.current = tasks;
  const shown = useRef(show);
  shown.current = show;
  useEffect(() => {
    const onChosen = (_: unknown, step: IChosenStep) => {
      if (step.path === path && known.current.some(({ node }) => node === step.node)) {
        shown.current(step);
        steps?.forgetTab();
      }
    };
    steps?.chosen.connect(onChosen);
    return () => void steps?.chosen.disconnect(onChosen);
  }, [steps, path]);
  return node => {
    show({ node });
    if (node !== undefined) {
      steps?.choose({ path, node });
    }
  };
}
