import { PORTION, usePortion } from '../../../components/Portion';
import { stateText } from '../../../components/StateMark';
import { stepTitle } from '../../model/names';
import { useServices } from './hooks';
import { IStepProps } from './stepProps';

const nodeOf = ({ node }: { node: string }): string => node;

/** Chooses the task of a tab, and its attempt if there are several. */
export function StepChoice(props: IStepProps): JSX.Element {
  const { detail, step, onStep, attempt, onAttempt } = props;
  const { trans } = useServices();
  const { items } = usePortion(detail.tasks, nodeOf, step);
  const attempts = detail.tasks.find(task => task.node === step)?.attempts ?? [];
  return (
    <>
      <label className="nby-StepChoice">
        {trans.__('Task')}{' '}
        <select value={step ?? ''} onChange={event => onStep(event.target.value)}>
          {items.map(task => (
            <option key={task.node} value={task.node}>
              {stepTitle(task, detail.tasks)} (
              {stateText(task.cached ? 'cached' : task.state, trans)})
            </option>
          ))}
          {detail.tasks.length > PORTION && (
            <option disabled>{trans.__('the others are listed under Tasks')}</option>
          )}
        </select>
      </label>
      {attempts.length > 1 && (
        <label className="nby-StepChoice">
          {trans.__('Attempt')}{' '}
          <select value={attempt} onChange={event => onAttempt(Number(event.target.value))}>
            <option value={0}>{trans.__('newest')}</option>
            {attempts.map(({ number, state }) => (
              <option key={number} value={number}>
                {number} ({stateText(state, trans)})
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}
