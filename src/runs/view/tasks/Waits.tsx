import { useAnswer } from '../../../api/useAnswer';
import { Holders } from '../../../forms/limits/Holders';
import { useServices } from '../context/hooks';

interface IWaitsProps {
  run: string;
  /** What its first queued task waits for; another reason asks again. */
  turn: string;
}

/** What is before a queued run, and what holds what it waits for, with buttons that free it. */
export function Waits({ run, turn }: IWaitsProps): JSX.Element {
  const { yard, trans } = useServices();
  const { answer } = useAnswer(yard.client, 'runs.queue', { path: { run } }, { turn });
  const { place = 0, own_before, others_before, holders = [], held_by_others } = answer ?? {};
  return (
    <>
      {place > 1 && (
        <p className="nby-Note">
          {trans.__(
            'Position %1 in the queue: %2 of yours and %3 of others are before it.',
            ...[place, own_before, others_before]
          )}
        </p>
      )}
      {held_by_others && (
        <p className="nby-Note">{trans.__('Others hold some of what it needs.')}</p>
      )}
      <Holders holders={holders} client={yard.client} trans={trans} />
    </>
  );
}
