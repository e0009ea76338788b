import { Button } from '../../../components/Button';
import { useServices } from '../context/hooks';

interface ITableSwitchProps {
  on: boolean;
  onSwitch: (on: boolean) => void;
}

/** Chooses between a chart and its numbers. */
export function TableSwitch({ on, onSwitch }: ITableSwitchProps): JSX.Element {
  const { trans } = useServices();
  return (
    <Button aria-pressed={on} onClick={() => onSwitch(!on)}>
      {trans.__('As Table')}
    </Button>
  );
}
