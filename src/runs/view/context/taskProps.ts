import { RunDetail } from '../../../api/types';
import { RunModel } from '../../model/runModel';

/** What each view of a run gets: the run, and the chosen task and attempt. */
export interface ITaskProps {
  model: RunModel;
  detail: RunDetail;
  step: string | undefined;
  onStep: (node: string | undefined) => void;
  /** The attempt of the task; 0 is the newest. */
  attempt: number;
  onAttempt: (number: number) => void;
}
