import { useEffect } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { ChoiceField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { projectsOf } from '../projects/state/collection';

interface IProjectFieldProps {
  services: IPanelServices;
  /** The name of a project; empty for all. */
  value: string;
  error?: string;
  onChange: (name: string) => void;
}

/** The project to whose runs a rule is limited. */
export function ProjectField(props: IProjectFieldProps): JSX.Element {
  const { services, value, error, onChange } = props;
  const { yard, trans } = services;
  const projects = projectsOf(yard);
  useEffect(() => void projects.start(), [projects]);
  const items = useSignal(projects.changed, () => projects.items);
  const names = [...new Set([...items.map(({ name }) => name), value].filter(Boolean))];
  return (
    <ChoiceField
      label={trans.__('Only runs of this project')}
      value={value}
      error={error}
      options={[['', trans.__('all projects')], ...names.map(name => [name, name])]}
      trans={trans}
      onChange={onChange}
    />
  );
}
