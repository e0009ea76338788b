import { stateText } from '../../components/StateMark';
import { useServices } from './hooks';
import { IStepProps } from './Steps';

/** Which step a tab is about. */
export function StepChoice({ detail, step, onStep }: IStepProps): JSX.Element {
  const { trans } = useServices();
  return (
    <label className="nby-StepChoice">
      {trans.__('Step')}{' '}
      <select value={step ?? ''} onChange={event => onStep(event.target.value)}>
        {detail.tasks.map(task => (
          <option key={task.node} value={task.node}>
            {task.label || task.node} ({stateText(task.cached ? 'cached' : task.state, trans)})
          </option>
        ))}
      </select>
    </label>
  );
}
