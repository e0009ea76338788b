import { useAnswer } from '../../../api/useAnswer';
import { Holders } from '../../../forms/limits/Holders';
import { useServices } from '../context/hooks';

interface IWaitsProps {
  run: string;
  /** What its first queued task waits for; another reason asks again. */
  turn: string;
}

/** What of the user's own holds what a queued run waits for, with buttons that free it. */
export function Waits({ run, turn }: IWaitsProps): JSX.Element {
  const { yard, trans } = useServices();
  const { answer } = useAnswer(yard.client, 'runs.queue', { path: { run } }, { turn });
  return <Holders holders={answer?.holders ?? []} client={yard.client} trans={trans} />;
}
